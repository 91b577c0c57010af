// SPDX-License-Identifier: Apache-2.0
//
// Root: the root directory of a store, which may not exist yet and may be replaced by another.
//
// Each operation of the backend asks for the directory anew: one stat of the path tells that it is
// still the one that is open, and that nobody opened it to strangers since. The path may be a
// symbolic link, but only one of ours or of root (uid 0): any other is refused, and so never
// followed in a directory where everyone may put one. The directories above it are trusted.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "latchfile/error.hpp"
#include "posix/directory.hpp"

namespace latchfile {

class Root {
 public:
  /// `allow_insecure`: accept a root that group or others may write to without the sticky bit.
  Root(Kernel& kernel, std::string path, bool allow_insecure);

  /// The directory; null if it does not exist. Errors: insecure, io.
  [[nodiscard]] Result<std::shared_ptr<const Directory>> find() const;

  /// The directory, made with its parents if it is absent; its name is durable before this returns,
  /// whoever made it. Errors: insecure, io.
  [[nodiscard]] Result<std::shared_ptr<const Directory>> find_or_make() const;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Kernel& kernel() const { return kernel_; }

 private:
  [[nodiscard]] Result<> check_mode(mode_t mode) const;
  [[nodiscard]] Result<> check_link(uid_t owner) const;
  [[nodiscard]] Result<> make_durable(const Directory& directory, bool made_here) const;

  Kernel& kernel_;
  std::string path_;
  bool allow_insecure_;

  struct Opened {
    std::shared_ptr<const Directory> directory;
    dev_t device = 0;
    ino_t inode = 0;
    bool durable = false;  ///< an fsync of its parent has succeeded
  };
  mutable std::mutex mutex_;
  mutable Opened opened_;  // guarded by mutex_
};

}  // namespace latchfile
