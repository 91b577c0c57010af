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

enum class Size { kb2, kb6 };

/// The OCI spec of a container, and around it what gVisor adds: about 6 KB for an ordinary one, 2
/// KB for one with few mounts and variables.
[[nodiscard]] Document container_document(const ContainerId& id, Size size = Size::kb6);

/// Where there is no disk whose time would hide ours.
constexpr auto memory_file_system = "/dev/shm";

/// A store in `root`, without fsync, that leaves gVisor its lock files.
[[nodiscard]] Store open_without_sync(const std::string& root);

/// Fills `store` with `count` containers, ten to a sandbox.
void fill(const Store& store, int count, Size size = Size::kb6);

/// A figure of calls that failed would mean nothing.
inline void require(bool done, std::string_view what) {
  if (done) return;
  std::cerr << "benchmark failed: " << what << '\n';
  std::exit(1);
}

}  // namespace latchfile::bench
