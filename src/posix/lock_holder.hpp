// SPDX-License-Identifier: Apache-2.0
//
// Who holds a flock(2) lock and who waits for it: read from /proc/locks, without taking any lock
// (proc(5)).
//
// The kernel leaves a holder out that has no pid in the pid namespace of /proc, together with those
// who wait for it. A waiter of another pid namespace behind a holder of this one is shown as pid 0.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "posix/directory.hpp"

namespace latchfile {

/// One line of /proc/locks that is a flock. Ordered by file, the holders before who waits.
struct FlockEntry {
  ino_t inode;
  dev_t device;
  bool waiting;  ///< blocked behind the holder
  /// The process that called flock; a child that inherited the descriptor may hold on. 0: one that
  /// has no pid here.
  pid_t pid;

  auto operator<=>(const FlockEntry&) const = default;
};

/// Every flock that the kernel shows here, in order, each once. Between two reads of /proc/locks
/// the kernel goes on at the number of the next lock: locks taken meanwhile make it show others a
/// second time, and with more locks than fit a page, locks released meanwhile make it skip some.
[[nodiscard]] Sys<std::vector<FlockEntry>> read_flocks(Kernel& kernel);

/// The parsing half of read_flocks: lines of other kinds or of unknown form are passed over.
[[nodiscard]] std::vector<FlockEntry> parse_flocks(std::string_view proc_locks);

/// The arguments of a process joined by spaces, else its name in brackets; empty if it is gone or
/// `pid` is 0.
[[nodiscard]] std::string command_of(Kernel& kernel, pid_t pid);

/// Tells which flocks are on a file of one directory. The kernel names the device of the mounted
/// file system, which is not what stat says of a file on btrfs and overlayfs.
class FlockMatcher {
 public:
  explicit FlockMatcher(const Directory& dir);

  [[nodiscard]] bool is_on(const FlockEntry& entry, const struct stat& file) const {
    return entry.inode == file.st_ino && (entry.device == file.st_dev || entry.device == mounted_);
  }

 private:
  std::optional<dev_t> mounted_;  ///< nothing if /proc does not tell
};

/// "held by pid 42 (runsc boot)" of the lock on that file in `dir`, or what can be said instead.
[[nodiscard]] std::string describe_holder(const Directory& dir, const struct stat& lock_file);

}  // namespace latchfile
