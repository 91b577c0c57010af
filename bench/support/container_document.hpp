// SPDX-License-Identifier: Apache-2.0
//
// What the benchmarks work on: a document as gVisor writes it, and the floor's system calls.
#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "latchfile/local.hpp"

namespace latchfile::bench {

/// About 6 KB: the OCI spec of an ordinary container, and around it what gVisor adds.
[[nodiscard]] Document container_document(const ContainerId& id);

/// Where there is no disk whose time would hide ours.
constexpr auto memory_file_system = "/dev/shm";

/// A store in `root`, without fsync, that leaves gVisor its lock files.
[[nodiscard]] Store open_without_sync(const std::string& root);

/// Fills `store` with `count` containers, ten to a sandbox.
void fill(const Store& store, int count);

/// A figure of calls that failed would mean nothing.
inline void require(bool done, std::string_view what) {
  if (done) return;
  std::cerr << "benchmark failed: " << what << '\n';
  std::exit(1);
}

}  // namespace latchfile::bench
