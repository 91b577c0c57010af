// SPDX-License-Identifier: Apache-2.0
//
// PassingKernel: passes every call on to the real kernel, for kernels of tests that differ from it
// in one or two calls.
#pragma once

#include "posix/kernel.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::test {

class PassingKernel : public Kernel {
 public:
  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    return real_.openat(dir, path, flags, mode);
  }
  Sys<> close(int fd) override { return real_.close(fd); }
  Sys<std::size_t> read(int fd, char* into, std::size_t bytes) override {
    return real_.read(fd, into, bytes);
  }
  Sys<std::size_t> write(int fd, std::string_view bytes) override { return real_.write(fd, bytes); }
  Sys<struct stat> fstat(int fd, Times times) override { return real_.fstat(fd, times); }
  Sys<> fchmod(int fd, mode_t mode) override { return real_.fchmod(fd, mode); }
  Sys<> fchown(int fd, uid_t uid, gid_t gid) override { return real_.fchown(fd, uid, gid); }
  Sys<> fdatasync(int fd) override { return real_.fdatasync(fd); }
  Sys<> fsync(int fd) override { return real_.fsync(fd); }
  Sys<struct stat> fstatat(int dir, const char* path, int flags, Times times) override {
    return real_.fstatat(dir, path, flags, times);
  }
  Sys<> renameat(int dir, const char* from, const char* to) override {
    return real_.renameat(dir, from, to);
  }
  Sys<> linkat(int dir, const char* from, const char* to) override {
    return real_.linkat(dir, from, to);
  }
  Sys<> unlinkat(int dir, const char* path) override { return real_.unlinkat(dir, path); }
  Sys<> mkdirat(int dir, const char* path, mode_t mode) override {
    return real_.mkdirat(dir, path, mode);
  }
  Sys<std::size_t> getdents64(int fd, char* into, std::size_t bytes) override {
    return real_.getdents64(fd, into, bytes);
  }
  Sys<> flock(int fd, int operation) override { return real_.flock(fd, operation); }
  Sys<> flock_until(int fd, int operation, Clock::time_point deadline) override {
    return real_.flock_until(fd, operation, deadline);
  }
  Sys<std::string> readlinkat(int dir, const char* path) override {
    return real_.readlinkat(dir, path);
  }
  Sys<std::size_t> poll(std::span<pollfd> fds, Clock::time_point deadline) override {
    return real_.poll(fds, deadline);
  }
  Sys<UniqueFd> inotify_init1(int flags) override { return real_.inotify_init1(flags); }
  Sys<int> inotify_add_watch(int fd, const char* path, std::uint32_t mask) override {
    return real_.inotify_add_watch(fd, path, mask);
  }
  Sys<> inotify_rm_watch(int fd, int watch) override { return real_.inotify_rm_watch(fd, watch); }
  Clock::time_point now() override { return real_.now(); }
  std::chrono::sys_seconds utc() override { return real_.utc(); }
  pid_t getpid() override { return real_.getpid(); }
  pid_t gettid() override { return real_.gettid(); }
  uid_t geteuid() override { return real_.geteuid(); }
  Sys<UniqueFd> pidfd_open(pid_t pid) override { return real_.pidfd_open(pid); }

 protected:
  Kernel& real_ = real_kernel();
};

}  // namespace latchfile::test
