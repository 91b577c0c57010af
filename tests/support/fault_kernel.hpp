// SPDX-License-Identifier: Apache-2.0
//
// FaultKernel: a Kernel that works until a test has it fail.
//
// It forwards to another Kernel and remembers the calls since arm(), so that a test can run an
// operation again and again and fail its first call, its second, and so on until no call is left. A
// call that is failed does not happen, except for close, which on Linux closes the descriptor
// whatever it returns.
//
// Threads: may be called from many; armed, disarmed and asked between operations only. Must outlive
// every descriptor that was opened through it.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "posix/kernel.hpp"

namespace latchfile::test {

class FaultKernel final : public Kernel {
 public:
  enum class Call {
    openat,
    close,
    read,
    write,
    fstat,
    fchmod,
    fchown,
    fdatasync,
    fsync,
    fstatat,
    renameat,
    linkat,
    unlinkat,
    mkdirat,
    readlinkat,
    getdents64,
    flock,
    flock_until,
    poll,
    inotify_init1,
    inotify_add_watch,
    inotify_rm_watch,
    pidfd_open,
  };

  /// One call. For a call on a descriptor `name` is what that was opened by.
  struct Record {
    Call call;
    std::string name;
    int flags;    ///< of openat and fstatat, the operation of flock, else 0
    bool failed;  ///< by us
  };

  struct Fault {
    std::size_t nth;       ///< which call since arm(), from 1
    int error;             ///< errno
    bool lasting = false;  ///< all later calls of the same function fail as well
  };

  explicit FaultKernel(Kernel& real) : real_(real) {}
  ~FaultKernel() override;

  /// Begins to count, with a fault or without one.
  void arm(std::optional<Fault> fault = std::nullopt);
  /// Ends faults, short transfers and interruptions; the records stay.
  void disarm();

  /// read and write move at most this many bytes at a time; what inotify notes comes in whole
  /// records all the same.
  void limit_transfers(std::size_t bytes) { transfer_limit_ = bytes; }
  /// Every call that may sleep is interrupted the first time it is tried, fsync and close excepted.
  void interrupt_first_attempts() { interrupting_ = true; }
  /// Called before each call, without a lock held: for what another process does just then.
  void before_each(std::function<void(const Record&)> visit) { visit_ = std::move(visit); }

  [[nodiscard]] std::vector<Record> calls() const;
  /// The call that was failed first.
  [[nodiscard]] std::optional<Record> hit() const;

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
  Sys<std::string> readlinkat(int dir, const char* path) override;
  Sys<std::size_t> poll(std::span<pollfd> fds, Clock::time_point deadline) override;
  Sys<UniqueFd> inotify_init1(int flags) override;
  Sys<int> inotify_add_watch(int fd, const char* path, std::uint32_t mask) override;
  Sys<> inotify_rm_watch(int fd, int watch) override;
  Clock::time_point now() override { return real_.now(); }
  std::chrono::sys_seconds utc() override { return real_.utc(); }
  pid_t getpid() override { return real_.getpid(); }
  pid_t gettid() override { return real_.gettid(); }
  uid_t geteuid() override { return real_.geteuid(); }
  Sys<UniqueFd> pidfd_open(pid_t pid) override;

 private:
  struct OpenFile {
    UniqueFd fd;  ///< the real kernel's own
    std::string name;
  };

  /// Notes the call and says with which errno it is to fail, if it is.
  std::optional<Errno> note(Call call, std::string name, int flags = 0);
  [[nodiscard]] std::optional<int> fault_of(Call call);
  [[nodiscard]] std::string name_of(int fd) const;
  /// The descriptor under which we forward calls on `opened`.
  [[nodiscard]] UniqueFd adopt(UniqueFd opened, std::string name);

  Kernel& real_;
  mutable std::mutex mutex_;
  std::map<int, OpenFile> open_files_;
  std::vector<Record> calls_;
  std::optional<Fault> fault_;
  std::optional<Call> failing_;  ///< the function of a lasting fault, once it was hit
  std::map<Call, bool> interrupted_;
  bool interrupting_ = false;
  std::size_t transfer_limit_ = static_cast<std::size_t>(-1);
  std::function<void(const Record&)> visit_;
};

[[nodiscard]] std::string_view to_string(FaultKernel::Call call);

}  // namespace latchfile::test
