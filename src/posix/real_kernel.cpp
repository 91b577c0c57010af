// SPDX-License-Identifier: Apache-2.0
//
// The only file that calls the operating system, but for process.cpp, which starts programs.
#include "posix/real_kernel.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <new>
#include <pthread.h>
#include <semaphore.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "posix/kernel.hpp"

namespace latchfile {
namespace {

Sys<> outcome(int result) {
  if (result == 0) return {};
  return std::unexpected(Errno{errno});
}

Sys<std::size_t> count(ssize_t result) {
  if (result >= 0) return static_cast<std::size_t>(result);
  return std::unexpected(Errno{errno});
}

/// By statx(2), which reads no times if it is not asked for them.
Sys<struct stat> stat_without_times(int dir, const char* path, int flags) {
  constexpr unsigned wanted =
      STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_UID | STATX_GID | STATX_INO | STATX_SIZE;
  static_assert((wanted & (STATX_ATIME | STATX_BTIME | STATX_CTIME | STATX_MTIME)) == 0);
  struct statx found;
  if (::statx(dir, path, flags, wanted, &found) != 0) return std::unexpected(Errno{errno});
  struct stat result{};
  result.st_dev = makedev(found.stx_dev_major, found.stx_dev_minor);
  result.st_ino = found.stx_ino;
  result.st_mode = found.stx_mode;
  result.st_nlink = found.stx_nlink;
  result.st_uid = found.stx_uid;
  result.st_gid = found.stx_gid;
  result.st_size = static_cast<off_t>(found.stx_size);
  return result;
}

/// The number of this process, for which a guard asks at each of its steps: remembered in a page
/// that every fork leaves empty in the child (madvise(2), MADV_WIPEONFORK), whoever calls it and
/// however.
class OwnPid {
 public:
  OwnPid() {
    const auto bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* const page =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    if (::madvise(page, bytes, MADV_WIPEONFORK) == 0) {
      remembered_ = new (page) std::atomic<pid_t>(0);
    } else {
      ::munmap(page, bytes);
    }
  }

  [[nodiscard]] pid_t get() const {
    if (remembered_ == nullptr) return ::getpid();
    if (const auto pid = remembered_->load(std::memory_order_relaxed); pid != 0) return pid;
    const auto pid = ::getpid();
    remembered_->store(pid, std::memory_order_relaxed);
    return pid;
  }

 private:
  std::atomic<pid_t>* remembered_ = nullptr;  ///< nothing where the kernel cannot do that
};

/// A thread that sleeps in flock(2) for another thread that can stop waiting. A lock belongs to the
/// open file, not to the thread, so what the sleeper gets its creator has. It needs no signal
/// handler of the program: pthread_cancel interrupts the system call with a signal that glibc keeps
/// for itself.
class FlockSleeper {
 public:
  FlockSleeper(int fd, int operation) : fd_(fd), operation_(operation) { sem_init(&done_, 0, 0); }
  FlockSleeper(const FlockSleeper&) = delete;
  FlockSleeper& operator=(const FlockSleeper&) = delete;
  ~FlockSleeper() { sem_destroy(&done_); }

  Sys<> wait_until(Kernel::Clock::time_point deadline) {
    // A thread starts with the signal mask of its creator. It must not run the program's handlers.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread{};
    const int created = pthread_create(&thread, nullptr, &FlockSleeper::run, this);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (created != 0) return std::unexpected(Errno{created});

    const bool finished = wait_for_done(deadline);
    if (!finished) pthread_cancel(thread);
    pthread_join(thread, nullptr);
    if (finished) return outcome_;
    // The lock may have come between the deadline and the cancellation; taking it again tells.
    if (::flock(fd_, operation_ | LOCK_NB) == 0) return {};
    return std::unexpected(Errno{errno == EWOULDBLOCK ? ETIMEDOUT : errno});
  }

 private:
  static void* run(void* self) {
    auto& sleeper = *static_cast<FlockSleeper*>(self);
    // Asynchronous, because flock is no cancellation point; nothing between these two calls owns
    // anything that a cancellation could leak.
    // NOLINTNEXTLINE(*-pos47-c,*-thread-canceltype-asynchronous)
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    const auto result = ::syscall(SYS_flock, sleeper.fd_, sleeper.operation_);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, nullptr);
    if (result != 0) sleeper.outcome_ = std::unexpected(Errno{errno});
    sem_post(&sleeper.done_);
    return nullptr;
  }

  bool wait_for_done(Kernel::Clock::time_point deadline) {
    const auto since_epoch = deadline.time_since_epoch();
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch);
    timespec until{};
    until.tv_sec = seconds.count();
    until.tv_nsec = std::chrono::nanoseconds(since_epoch - seconds).count();
    for (;;) {
      if (sem_clockwait(&done_, CLOCK_MONOTONIC, &until) == 0) return true;
      if (errno != EINTR) return false;
    }
  }

  int fd_;
  int operation_;
  sem_t done_{};
  Sys<> outcome_;
};

class RealKernel final : public Kernel {
 public:
  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    const int fd = ::openat(dir, path, flags | O_CLOEXEC, mode);
    if (fd < 0) return std::unexpected(Errno{errno});
    return UniqueFd(*this, fd);
  }
  Sys<> close(int fd) override { return outcome(::close(fd)); }
  Sys<std::size_t> read(int fd, char* into, std::size_t bytes) override {
    return count(::read(fd, into, bytes));
  }
  Sys<std::size_t> write(int fd, std::string_view bytes) override {
    return count(::write(fd, bytes.data(), bytes.size()));
  }
  Sys<struct stat> fstat(int fd, Times times) override {
    if (times == Times::no) return stat_without_times(fd, "", AT_EMPTY_PATH);
    struct stat result;
    if (::fstat(fd, &result) != 0) return std::unexpected(Errno{errno});
    return result;
  }
  Sys<> fchmod(int fd, mode_t mode) override { return outcome(::fchmod(fd, mode)); }
  Sys<> fchown(int fd, uid_t uid, gid_t gid) override { return outcome(::fchown(fd, uid, gid)); }
  Sys<> fdatasync(int fd) override { return outcome(::fdatasync(fd)); }
  Sys<> fsync(int fd) override { return outcome(::fsync(fd)); }

  Sys<struct stat> fstatat(int dir, const char* path, int flags, Times times) override {
    if (times == Times::no) {
      // As fstatat does by itself: a look mounts nothing.
      return stat_without_times(dir, path, flags | AT_NO_AUTOMOUNT);
    }
    struct stat result;
    if (::fstatat(dir, path, &result, flags) != 0) return std::unexpected(Errno{errno});
    return result;
  }
  Sys<> renameat(int dir, const char* from, const char* to) override {
    return outcome(::renameat(dir, from, dir, to));
  }
  Sys<> linkat(int dir, const char* from, const char* to) override {
    return outcome(::linkat(dir, from, dir, to, 0));
  }
  Sys<> unlinkat(int dir, const char* path) override { return outcome(::unlinkat(dir, path, 0)); }
  Sys<> mkdirat(int dir, const char* path, mode_t mode) override {
    return outcome(::mkdirat(dir, path, mode));
  }
  Sys<std::string> readlinkat(int dir, const char* path) override {
    std::string text(PATH_MAX, '\0');
    const auto bytes = ::readlinkat(dir, path, text.data(), text.size());
    if (bytes < 0) return std::unexpected(Errno{errno});
    text.resize(static_cast<std::size_t>(bytes));
    return text;
  }
  Sys<std::size_t> getdents64(int fd, char* into, std::size_t bytes) override {
    return count(::getdents64(fd, into, bytes));
  }

  Sys<> flock(int fd, int operation) override { return outcome(::flock(fd, operation)); }
  Sys<> flock_until(int fd, int operation, Clock::time_point deadline) override {
    return FlockSleeper(fd, operation).wait_until(deadline);
  }

  Sys<std::size_t> poll(std::span<pollfd> fds, Clock::time_point deadline) override {
    const auto left = std::max(deadline - now(), Clock::duration::zero());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    timespec limit{};
    limit.tv_sec = seconds.count();
    limit.tv_nsec = std::chrono::nanoseconds(left - seconds).count();
    return count(::ppoll(fds.data(), fds.size(), &limit, nullptr));
  }
  Sys<UniqueFd> inotify_init1(int flags) override {
    const int fd = ::inotify_init1(flags | IN_CLOEXEC);
    if (fd < 0) return std::unexpected(Errno{errno});
    return UniqueFd(*this, fd);
  }
  Sys<int> inotify_add_watch(int fd, const char* path, std::uint32_t mask) override {
    const int watch = ::inotify_add_watch(fd, path, mask);
    if (watch < 0) return std::unexpected(Errno{errno});
    return watch;
  }
  Sys<> inotify_rm_watch(int fd, int watch) override {
    return outcome(::inotify_rm_watch(fd, watch));
  }

  Sys<unsigned> terminal_columns(int fd) override {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0) return std::unexpected(Errno{errno});
    return size.ws_col;
  }

  Clock::time_point now() override { return Clock::now(); }
  std::chrono::sys_seconds utc() override {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  }
  pid_t getpid() override {
    static const OwnPid own;
    return own.get();
  }
  pid_t gettid() override { return ::gettid(); }
  uid_t geteuid() override { return ::geteuid(); }
  Sys<UniqueFd> pidfd_open(pid_t pid) override {
    // Through syscall(2): the C library has the function only since glibc 2.36.
    const auto fd = ::syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) return std::unexpected(Errno{errno});
    return UniqueFd(*this, static_cast<int>(fd));
  }
};

}  // namespace

Kernel& real_kernel() {
  // Never destroyed: guards that live as long as the process close their descriptors through it.
  static auto* const kernel = new RealKernel;
  return *kernel;
}

}  // namespace latchfile
