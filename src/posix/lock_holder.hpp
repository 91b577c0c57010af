// SPDX-License-Identifier: Apache-2.0
//
// Who holds a flock(2) lock: read from /proc/locks, without taking any lock (proc(5)).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "posix/kernel.hpp"

namespace latchfile {

/// One line of /proc/locks that is a flock.
struct FlockEntry {
  dev_t device;
  ino_t inode;
  pid_t pid;  ///< the process that called flock; a child that inherited the descriptor may hold on
  bool waiting;  ///< blocked behind the holder
};

/// Every flock in this pid namespace. The kernel leaves out those of processes it cannot name here.
[[nodiscard]] Sys<std::vector<FlockEntry>> read_flocks(Kernel& kernel);

/// The parsing half of read_flocks: lines of other kinds or of unknown form are passed over.
[[nodiscard]] std::vector<FlockEntry> parse_flocks(std::string_view proc_locks);

/// The arguments of a process joined by spaces, else its name in brackets; empty if it is gone.
[[nodiscard]] std::string command_of(Kernel& kernel, pid_t pid);

/// "held by pid 42 (runsc boot)" of the lock on that file, or what can be said instead.
[[nodiscard]] std::string describe_holder(Kernel& kernel, const struct stat& lock_file);

}  // namespace latchfile
