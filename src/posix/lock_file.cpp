// SPDX-License-Identifier: Apache-2.0
#include "posix/lock_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <sys/file.h>

#include "posix/deadline.hpp"
#include "posix/lock_holder.hpp"

namespace latchfile {
namespace {

/// Which thread of this process took which lock. flock knows only open files: a thread that waits
/// for itself would wait for ever.
class TakenLocks {
 public:
  void add(dev_t device, ino_t inode, pid_t thread) {
    const std::scoped_lock guard(mutex_);
    threads_[{device, inode}] = thread;
  }
  void remove(dev_t device, ino_t inode) {
    const std::scoped_lock guard(mutex_);
    threads_.erase({device, inode});
  }
  [[nodiscard]] bool taken_by(dev_t device, ino_t inode, pid_t thread) {
    const std::scoped_lock guard(mutex_);
    const auto found = threads_.find({device, inode});
    return found != threads_.end() && found->second == thread;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<dev_t, ino_t>, pid_t> threads_;
};

TakenLocks& taken_locks() {
  static auto* const locks = new TakenLocks;  // outlives guards in static variables
  return *locks;
}

constexpr mode_t lock_file_mode = 0600;

/// How often a lock file may vanish between two of our steps before never() calls it busy. Each
/// time somebody else made progress, so that more than a few in a row mean an attack.
constexpr int max_rounds = 1000;

Error kept_vanishing(Errc code, const Directory& dir, const std::string& name) {
  return {code, 0, dir.path_of(name) + " is removed and made again without end by other processes"};
}

struct OpenedLockFile {
  UniqueFd fd;
  bool made;
};

/// L1: the file, or nothing if a shared lock finds none. O_NONBLOCK and O_NOCTTY
/// so that nothing that was put in the place of the file can hang us or become our terminal.
Result<std::optional<OpenedLockFile>> open_lock_file(const Directory& dir, const std::string& name,
                                                     LockFile::Mode mode) {
  const bool shared = mode == LockFile::Mode::shared;
  const int flags = (shared ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  for (int round = 0; round < max_rounds; ++round) {
    auto fd = retry_eintr([&] { return dir.kernel.openat(dir.fd.get(), name.c_str(), flags, 0); });
    const bool absent = !fd && fd.error().value == ENOENT;
    if (absent) {
      if (shared) return std::optional<OpenedLockFile>();
      fd = retry_eintr([&] {
        return dir.kernel.openat(dir.fd.get(), name.c_str(), flags | O_CREAT | O_EXCL,
                                 lock_file_mode);
      });
      if (!fd && fd.error().value == EEXIST) continue;
    }
    if (fd) return OpenedLockFile{std::move(*fd), absent};
    if (means_not_a_file(fd.error())) return std::unexpected(not_a_file(dir, name));
    return std::unexpected(sys_error("open", dir, name, fd.error()));
  }
  return std::unexpected(kept_vanishing(Errc::unavailable, dir, name));
}

}  // namespace

Result<std::optional<LockFile>> LockFile::acquire(const Directory& dir, std::string name, Mode mode,
                                                  Wait wait) {
  Kernel& kernel = dir.kernel;
  const int operation = mode == Mode::shared ? LOCK_SH : LOCK_EX;
  const auto deadline = deadline_of(kernel, wait);
  for (int round = 1;; ++round) {
    auto opened = open_lock_file(dir, name, mode);  // L1
    if (!opened) return std::unexpected(std::move(opened.error()));
    if (!*opened) return std::optional<LockFile>();
    UniqueFd fd = std::move((*opened)->fd);

    const auto locked = wait_for(dir, fd, name, operation, wait, deadline);  // L2
    if (!locked) return std::unexpected(locked.error());

    const auto held = kernel.fstat(fd.get(), Times::no);  // L3
    if (!held) return std::unexpected(sys_error("stat", dir, name, held.error()));
    if (!S_ISREG(held->st_mode)) return std::unexpected(not_a_file(dir, name));
    const auto named = kernel.fstatat(dir.fd.get(), name.c_str(), AT_SYMLINK_NOFOLLOW, Times::no);
    if (!named && named.error().value != ENOENT) {
      return std::unexpected(sys_error("stat", dir, name, named.error()));
    }
    const bool same = named && held->st_nlink > 0 && named->st_dev == held->st_dev &&
                      named->st_ino == held->st_ino;
    if (same) {
      return LockFile(kernel, std::move(fd), std::move(name), mode, (*opened)->made, *held);
    }
    if (wait.is_never() && round >= max_rounds) {
      return std::unexpected(kept_vanishing(Errc::locked, dir, name));
    }
    if (!wait.is_never() && !wait.is_forever() && kernel.now() >= deadline) {
      return std::unexpected(kept_vanishing(Errc::timed_out, dir, name));
    }
  }
}

Result<> LockFile::wait_for(const Directory& dir, const UniqueFd& fd, const std::string& name,
                            int operation, Wait wait, Kernel::Clock::time_point deadline) {
  Kernel& kernel = dir.kernel;
  auto locked = retry_eintr([&] { return kernel.flock(fd.get(), operation | LOCK_NB); });
  if (locked) return {};
  if (locked.error().value != EWOULDBLOCK) {
    return std::unexpected(sys_error("lock", dir, name, locked.error()));
  }

  const auto file = kernel.fstat(fd.get(), Times::no);
  if (!file) return std::unexpected(sys_error("stat", dir, name, file.error()));
  if (!S_ISREG(file->st_mode)) return std::unexpected(not_a_file(dir, name));
  if (taken_locks().taken_by(file->st_dev, file->st_ino, kernel.gettid())) {
    return std::unexpected(
        Error{Errc::deadlock, 0, dir.path_of(name) + " is already locked by this thread"});
  }
  const auto busy = [&](Errc code, std::string_view what) {
    return std::unexpected(Error{
        code, 0, dir.path_of(name) + " is " + std::string(what) + describe_holder(dir, *file)});
  };
  if (wait.is_never()) return busy(Errc::locked, "");
  if (wait.is_forever()) {
    locked = retry_eintr([&] { return kernel.flock(fd.get(), operation); });
  } else {
    locked = retry_eintr([&] { return kernel.flock_until(fd.get(), operation, deadline); });
    if (!locked && locked.error().value == ETIMEDOUT) return busy(Errc::timed_out, "still ");
  }
  if (!locked) return std::unexpected(sys_error("lock", dir, name, locked.error()));
  return {};
}

LockFile::LockFile(Kernel& kernel, UniqueFd fd, std::string name, Mode mode, bool made_file,
                   const struct stat& inode)
    : kernel_(&kernel),
      fd_(std::move(fd)),
      name_(std::move(name)),
      mode_(mode),
      made_file_(made_file),
      owner_(kernel.getpid()),
      device_(inode.st_dev),
      inode_(inode.st_ino),
      file_owner_(inode.st_uid) {
  if (mode_ != Mode::shared) taken_locks().add(device_, inode_, kernel.gettid());
}

LockFile::~LockFile() {
  if (!fd_ || !is_ours()) return;
  if (mode_ != Mode::shared) taken_locks().remove(device_, inode_);
  // Closing alone would leave the lock to a child that was forked meanwhile. If this fails, closing
  // still releases it for everyone else.
  static_cast<void>(kernel_->flock(fd_.get(), LOCK_UN));
}

bool LockFile::is_ours() const { return kernel_->getpid() == owner_; }

}  // namespace latchfile
