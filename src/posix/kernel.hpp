// SPDX-License-Identifier: Apache-2.0
//
// Kernel: the one seam between Latchfile and the operating system.
//
// Each function is the system call of that name, with its errors as values; fstat and fstatat that
// are asked for no times are statx. Nothing is retried and nothing is remembered: the rules about
// EINTR, fsync and close are the callers'. RealKernel calls the kernel; the tests put simulators
// here that fail, crash and lose power.
//
// Threads: an implementation may be called from any thread at once.
#pragma once

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <poll.h>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/types.h>

#include "posix/unique_fd.hpp"

namespace latchfile {

/// The errno of a system call that failed.
struct Errno {
  int value;
  [[nodiscard]] friend bool operator==(Errno, Errno) = default;
};

template <class T = void>
using Sys = std::expected<T, Errno>;

/// Whether a struct stat is to have the times. Without them it has device, inode, mode, links,
/// owner, group and size, and all else is 0. From Linux 6.13 on a file whose times were read gets a
/// time of its own at its next change, for which its inode is written once more
/// (Documentation/filesystems/multigrain-ts.rst): on a disk, that is dearer than the look.
enum class Times { no, yes };

class Kernel {
 public:
  using Clock = std::chrono::steady_clock;

  Kernel() = default;
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;
  virtual ~Kernel() = default;

  // Descriptors. O_CLOEXEC is added to the flags of every openat.
  [[nodiscard]] virtual Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) = 0;
  virtual Sys<> close(int fd) = 0;
  [[nodiscard]] virtual Sys<std::size_t> read(int fd, char* into, std::size_t bytes) = 0;
  [[nodiscard]] virtual Sys<std::size_t> write(int fd, std::string_view bytes) = 0;
  [[nodiscard]] virtual Sys<struct stat> fstat(int fd, Times times) = 0;
  [[nodiscard]] virtual Sys<> fchmod(int fd, mode_t mode) = 0;
  [[nodiscard]] virtual Sys<> fchown(int fd, uid_t uid, gid_t gid) = 0;
  [[nodiscard]] virtual Sys<> fdatasync(int fd) = 0;
  [[nodiscard]] virtual Sys<> fsync(int fd) = 0;

  // Names.
  [[nodiscard]] virtual Sys<struct stat> fstatat(int dir, const char* path, int flags,
                                                 Times times) = 0;
  [[nodiscard]] virtual Sys<> renameat(int dir, const char* from, const char* to) = 0;
  /// A second name for the file at `from`, itself no link that is followed; EEXIST if there is
  /// anything at `to`.
  [[nodiscard]] virtual Sys<> linkat(int dir, const char* from, const char* to) {
    static_cast<void>(dir), static_cast<void>(from), static_cast<void>(to);
    return std::unexpected(Errno{EPERM});
  }
  [[nodiscard]] virtual Sys<> unlinkat(int dir, const char* path) = 0;
  [[nodiscard]] virtual Sys<> mkdirat(int dir, const char* path, mode_t mode) = 0;
  /// What a symbolic link says.
  [[nodiscard]] virtual Sys<std::string> readlinkat(int dir, const char* path) {
    static_cast<void>(dir), static_cast<void>(path);
    return std::unexpected(Errno{ENOSYS});
  }
  /// Fills `into` with struct dirent64 records; 0 bytes at the end.
  [[nodiscard]] virtual Sys<std::size_t> getdents64(int fd, char* into, std::size_t bytes) = 0;

  // Locks.
  [[nodiscard]] virtual Sys<> flock(int fd, int operation) = 0;
  /// flock that gives up at `deadline` with ETIMEDOUT. The kernel has no such call; it behaves as
  /// one: it sleeps until the lock is free, and holds nothing when it fails.
  [[nodiscard]] virtual Sys<> flock_until(int fd, int operation, Clock::time_point deadline) = 0;

  // Watching.
  /// How many of `fds` are ready before `deadline`; 0 if none is.
  [[nodiscard]] virtual Sys<std::size_t> poll(std::span<pollfd> fds, Clock::time_point deadline) {
    static_cast<void>(fds), static_cast<void>(deadline);
    return std::unexpected(Errno{ENOSYS});
  }
  /// IN_CLOEXEC is added to the flags.
  [[nodiscard]] virtual Sys<UniqueFd> inotify_init1(int flags) {
    static_cast<void>(flags);
    return std::unexpected(Errno{ENOSYS});
  }
  /// The watch descriptor.
  [[nodiscard]] virtual Sys<int> inotify_add_watch(int fd, const char* path, std::uint32_t mask) {
    static_cast<void>(fd), static_cast<void>(path), static_cast<void>(mask);
    return std::unexpected(Errno{ENOSYS});
  }
  [[nodiscard]] virtual Sys<> inotify_rm_watch(int fd, int watch) {
    static_cast<void>(fd), static_cast<void>(watch);
    return std::unexpected(Errno{ENOSYS});
  }

  // Terminals.
  /// The width of the terminal that `fd` is, 0 if it does not say; ENOTTY if it is none.
  [[nodiscard]] virtual Sys<unsigned> terminal_columns(int fd) {
    static_cast<void>(fd);
    return std::unexpected(Errno{ENOTTY});
  }

  // Processes and time.
  [[nodiscard]] virtual Clock::time_point now() = 0;
  /// The time of day, which somebody may set back.
  [[nodiscard]] virtual std::chrono::sys_seconds utc() { return {}; }
  [[nodiscard]] virtual pid_t getpid() = 0;
  [[nodiscard]] virtual pid_t gettid() = 0;
  [[nodiscard]] virtual uid_t geteuid() = 0;
  /// A descriptor of the process, close-on-exec, that can be polled for its end; ENOSYS where the
  /// kernel has none (before Linux 5.3), ESRCH if there is no such process.
  [[nodiscard]] virtual Sys<UniqueFd> pidfd_open(pid_t pid) {
    static_cast<void>(pid);
    return std::unexpected(Errno{ENOSYS});
  }
};

/// Calls `operation` until it ends otherwise than by EINTR. Not for close, which on Linux has
/// closed the descriptor even then, and not for fsync, whose second answer can hide the first one's
/// error.
template <class Operation>
[[nodiscard]] auto retry_eintr(Operation&& operation) {
  for (;;) {
    auto outcome = operation();
    if (outcome || outcome.error().value != EINTR) return outcome;
  }
}

/// Whether `fd` has something to read, or its end, before `deadline`.
[[nodiscard]] inline Sys<bool> readable_by(Kernel& kernel, int fd,
                                           Kernel::Clock::time_point deadline) {
  pollfd polled{.fd = fd, .events = POLLIN, .revents = 0};
  const auto ready = retry_eintr([&] { return kernel.poll({&polled, 1}, deadline); });
  if (!ready) return std::unexpected(ready.error());
  return *ready > 0;
}

}  // namespace latchfile
