// SPDX-License-Identifier: Apache-2.0
//
// Writers: what keeps the document of one container in a directory, ours and what one would use in
// its place. Each process of a benchmark has a writer of its own, for a container of its own.
#pragma once

#include <memory>
#include <string>

#include "latchfile/document.hpp"

namespace latchfile::bench {

/// Whether a document that was saved survives a power cut.
enum class Sync { none, full };

class Writer {
 public:
  Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  virtual ~Writer() = default;

  virtual void save(const Document& document) = 0;
};

/// Opens what is in `directory` and puts `first` there as the document of the container.
using OpenWriter = std::unique_ptr<Writer>(const std::string& directory,
                                           const std::string& container, const Document& first,
                                           Sync sync);

/// LockedState::save under one lock.
OpenWriter open_latchfile;
/// The system calls that a save cannot do without, and no lock.
OpenWriter open_floor;
/// A row for each container, WAL, synchronous=FULL or OFF.
OpenWriter open_sqlite;
/// A key for each container, MDB_NOSYNC without durability.
OpenWriter open_lmdb;

}  // namespace latchfile::bench
