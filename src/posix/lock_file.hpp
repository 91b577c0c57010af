// SPDX-License-Identifier: Apache-2.0
//
// LockFile: an flock(2) on a named file that others may unlink at any time.
//
//   L1  open the lock file O_RDWR; only if it is absent create it with O_CREAT|O_EXCL, and start
//       again if somebody else just did
//   L2  flock, waiting as asked
//   L3  fstat the descriptor and fstatat the name: the same inode, with a link left? Else the
//       lock is on a file that was unlinked meanwhile and means nothing: close it and go to L1
//
// Only after L3 is the lock held. O_CREAT alone will not do in L1: in a sticky directory
// fs.protected_regular refuses it for a file of another user.
//
// Processes: the lock excludes every process that follows L1-L3, and every plain flock(1) on the
// file while nobody unlinks it. Threads: taking a lock that the same thread took before is
// reported, not waited for. After fork() the child's copy is inert.
#pragma once

#include <optional>
#include <string>

#include "latchfile/error.hpp"
#include "latchfile/wait.hpp"
#include "posix/directory.hpp"

namespace latchfile {

class LockFile {
 public:
  enum class Mode {
    exclusive,  ///< the file is made if it is absent, with mode 0600
    shared,     ///< only if the file is there: a reader leaves nothing behind
  };

  /// The lock, or nothing if Mode::shared finds no file.
  /// Errors: locked, timed_out, deadlock, insecure (not a regular file), unsupported, io.
  [[nodiscard]] static Result<std::optional<LockFile>> acquire(const Directory& dir,
                                                               std::string name, Mode mode,
                                                               Wait wait);

  LockFile(LockFile&&) noexcept = default;
  LockFile& operator=(LockFile&&) = delete;
  /// Releases the lock, also for copies of the descriptor that a fork made.
  ~LockFile();

  /// False in a child that inherited the lock through fork().
  [[nodiscard]] bool is_ours() const;

  /// Copies of it keep the lock until the LockFile is destroyed or, if that never happens, until
  /// the last of them is closed.
  [[nodiscard]] int descriptor() const { return fd_.get(); }

  [[nodiscard]] const std::string& name() const { return name_; }

  /// Whether L1 made the file. If not, it tells of whoever held the lock before.
  [[nodiscard]] bool made_file() const { return made_file_; }

  /// Who owns the file, and so can unlink it even from a sticky directory.
  [[nodiscard]] uid_t file_owner() const { return file_owner_; }

 private:
  LockFile(Kernel& kernel, UniqueFd fd, std::string name, Mode mode, bool made_file,
           const struct stat& inode);

  [[nodiscard]] static Result<> wait_for(const Directory& dir, const UniqueFd& fd,
                                         const std::string& name, int operation, Wait wait,
                                         Kernel::Clock::time_point deadline);

  Kernel* kernel_;
  UniqueFd fd_;
  std::string name_;
  Mode mode_;
  bool made_file_;
  pid_t owner_;
  dev_t device_;
  ino_t inode_;
  uid_t file_owner_;
};

}  // namespace latchfile
