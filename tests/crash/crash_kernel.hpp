// SPDX-License-Identifier: Apache-2.0
//
// CrashKernel: a kernel with one file system, in memory, whose power can be cut before any call.
//
// A power cut is not played to the process. It gets no chance to notice one, so that all that
// matters is the disk at that moment: the kernel shows it before each call, and whoever looks at it
// can mount each of the disks that may be left of it (crash/disk.hpp) in a kernel of its own, while
// this process goes on as if nothing had happened. One run shows a cut at each of its calls, no
// guard has to be abandoned, and that a process is killed is the special case in which all landed.
//
// It behaves like Linux in what the library makes use of; crash_kernel_test.cpp compares the two.
// There are no symbolic links, no permissions, no umask and no /proc, and the working directory is
// the root.
//
// One process with one thread. flock that would have to wait fails with EDEADLK.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "crash/disk.hpp"
#include "posix/kernel.hpp"

namespace latchfile::test {

class CrashKernel : public Kernel {
 public:
  explicit CrashKernel(Disk disk);

  [[nodiscard]] const Disk& disk() const { return disk_; }

  /// Called before each call that the kernel has to do something for.
  void before_each(std::function<void()> visit) { visit_ = std::move(visit); }
  /// How many were done.
  [[nodiscard]] std::size_t calls() const { return calls_; }

  /// The `nth` fsync or fdatasync, counted from 1, fails with EIO.
  void fail_sync(std::size_t nth) { failing_sync_ = nth; }
  [[nodiscard]] std::size_t syncs() const { return syncs_; }

  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override;
  Sys<> close(int fd) override;
  Sys<std::size_t> read(int fd, char* into, std::size_t bytes) override;
  Sys<std::size_t> write(int fd, std::string_view bytes) override;
  Sys<struct stat> fstat(int fd, Times times) override;
  Sys<> fchmod(int fd, mode_t mode) override;
  Sys<> fchown(int fd, uid_t uid, gid_t gid) override;
  Sys<> fdatasync(int fd) override;
  Sys<> fsync(int fd) override;
  Sys<struct stat> fstatat(int dir, const char* path, int flags, Times times) override;
  Sys<> renameat(int dir, const char* from, const char* to) override;
  Sys<> linkat(int dir, const char* from, const char* to) override;
  Sys<> unlinkat(int dir, const char* path) override;
  Sys<> mkdirat(int dir, const char* path, mode_t mode) override;
  Sys<std::size_t> getdents64(int fd, char* into, std::size_t bytes) override;
  Sys<> flock(int fd, int operation) override;
  Sys<> flock_until(int fd, int operation, Clock::time_point deadline) override;
  Clock::time_point now() override { return {}; }
  pid_t getpid() override { return 1; }
  pid_t gettid() override { return 1; }
  uid_t geteuid() override { return 0; }

 private:
  struct OpenFile {
    ino_t inode;
    int flags;
    std::size_t offset = 0;
    int lock = 0;                                          ///< LOCK_SH or LOCK_EX
    std::optional<std::vector<std::string>> entries = {};  ///< of a directory that is being read
  };

  /// Where a path leads: its last component, empty if that is the directory itself, and the inode,
  /// none if there is none.
  struct Place {
    ino_t directory;
    std::string name;
    ino_t inode;
  };

  void begin_call();
  [[nodiscard]] Sys<Place> find(int dir, std::string_view path) const;
  /// The open file, unless it is O_PATH, which is good for fstat and as a directory only.
  [[nodiscard]] Sys<OpenFile*> open_file(int fd);
  [[nodiscard]] struct stat stat_of(ino_t inode, Times times) const;

  Disk disk_;
  dev_t device_;
  std::map<int, OpenFile> files_;
  int next_fd_ = 1000;  ///< none of the real kernel's
  std::function<void()> visit_;
  std::size_t calls_ = 0;
  std::size_t syncs_ = 0;
  std::size_t failing_sync_ = 0;
};

}  // namespace latchfile::test
