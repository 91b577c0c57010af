// SPDX-License-Identifier: Apache-2.0
//
// Directory: an open directory, and the errors of what is done to names in it.
#pragma once

#include <string>
#include <string_view>

#include "latchfile/error.hpp"
#include "posix/kernel.hpp"

namespace latchfile {

/// A descriptor that may be O_PATH, and the path it was opened by, which is only ever printed.
struct Directory {
  Kernel& kernel;
  UniqueFd fd;
  std::string path;
  /// Its group or everyone may add names to it, with the sticky bit or without: what stands there
  /// need not be what whoever put it there could read.
  bool strangers_write = false;
  uid_t owner = 0;

  [[nodiscard]] std::string path_of(std::string_view name) const;
};

/// `doing PATH/NAME`, with errno. The code is io, or unsupported where errno says so.
[[nodiscard]] Error sys_error(std::string_view doing, const Directory& dir, std::string_view name,
                              Errno error);

/// Opens the directory again for reading: its own file offset, and something fsync accepts.
[[nodiscard]] Sys<UniqueFd> reopen_for_reading(const Directory& dir);

/// The fsync of a directory, which makes names that were created, renamed and unlinked durable.
/// Opened before the names are changed, so that a lack of descriptors or permissions shows while
/// nothing has been done yet.
class NameSync {
 public:
  [[nodiscard]] static Result<NameSync> open(const Directory& dir);

  /// Not again once it has failed: see posix/replace_file.hpp.
  [[nodiscard]] Sys<> sync() const;

 private:
  NameSync(Kernel& kernel, UniqueFd fd) : kernel_(&kernel), fd_(std::move(fd)) {}

  Kernel* kernel_;
  UniqueFd fd_;
};

/// Which file stood at a name. The owner belongs to it: the inode number of a file that was removed
/// may be that of another at once, but only its owner and root can make one of the same owner.
struct FileIdentity {
  dev_t device;
  ino_t inode;
  uid_t owner;

  [[nodiscard]] static FileIdentity of(const struct stat& file) {
    return {file.st_dev, file.st_ino, file.st_uid};
  }
  [[nodiscard]] friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// Whether a directory of this mode may be written by others than its owner. An ACL that lets them
/// shows in the bits of the group (acl(5)).
[[nodiscard]] constexpr bool strangers_may_write(mode_t mode) {
  return (mode & (S_IWGRP | S_IWOTH)) != 0;
}

/// Whether errno of an openat with O_NOFOLLOW says that a link, socket or directory stands there.
[[nodiscard]] bool means_not_a_file(Errno error);

/// insecure: `PATH/NAME is a FIFO, not a regular file`.
[[nodiscard]] Error not_a_file(const Directory& dir, std::string_view name);

}  // namespace latchfile
