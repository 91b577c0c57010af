// SPDX-License-Identifier: Apache-2.0
#include "local/root.hpp"

#include <cerrno>
#include <fcntl.h>

namespace latchfile {
namespace {

constexpr mode_t root_mode = 0711;

Error root_error(std::string_view doing, const std::string& path, Errno error) {
  return {Errc::io, error.value, std::string(doing) + " " + path};
}

/// The path without its last component, "." or "/" if nothing is left.
std::string parent_of(std::string path) {
  while (path.size() > 1 && path.ends_with('/'))
    path.pop_back();
  const auto slash = path.rfind('/');
  if (slash == path.npos) return ".";
  path.resize(slash);
  return path.empty() ? "/" : path;
}

/// Without the slashes and dots at its end, which would have a link followed before it is looked
/// at.
std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && (path.ends_with('/') || path.ends_with("/.")))
    path.pop_back();
  return path;
}

Result<> sync_directory(Kernel& kernel, const std::string& path) {
  const auto fd =
      retry_eintr([&] { return kernel.openat(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY, 0); });
  if (!fd) return std::unexpected(root_error("open directory", path, fd.error()));
  const auto synced = kernel.fsync(fd->get());
  if (!synced) return std::unexpected(root_error("fsync", path, synced.error()));
  return {};
}

/// Makes the name of a directory that others made durable: they may not have got to their own
/// fsync. One in a directory that we may not even read was given to us, and is durable or not for
/// all we can do.
Result<> sync_name_of_existing(Kernel& kernel, const std::string& path) {
  auto synced = sync_directory(kernel, parent_of(path));
  if (!synced && synced.error().sys_errno == EACCES) return {};
  return synced;
}

/// mkdir of `path` and of what is missing above it. Whatever is above it is durable before anything
/// is made in it; the caller makes `path` itself so.
Result<> make_directory(Kernel& kernel, const std::string& path) {
  const auto parent = parent_of(path);
  if (parent != path) {
    const auto found = kernel.fstatat(AT_FDCWD, parent.c_str(), 0, Times::no);
    if (found) {
      if (auto synced = sync_name_of_existing(kernel, parent); !synced) return synced;
    } else if (found.error().value != ENOENT) {
      return std::unexpected(root_error("stat", parent, found.error()));
    } else {
      if (auto done = make_directory(kernel, parent); !done) return done;
      if (auto synced = sync_directory(kernel, parent_of(parent)); !synced) return synced;
    }
  }
  const auto made = kernel.mkdirat(AT_FDCWD, path.c_str(), root_mode);
  if (made || made.error().value == EEXIST) return {};
  return std::unexpected(root_error("make directory", path, made.error()));
}

}  // namespace

Root::Root(Kernel& kernel, std::string path, bool allow_insecure)
    : kernel_(kernel),
      path_(without_trailing_slashes(std::move(path))),
      allow_insecure_(allow_insecure) {}

Result<> Root::check_mode(mode_t mode) const {
  if (!strangers_may_write(mode) || (mode & S_ISVTX) != 0 || allow_insecure_) return {};
  return std::unexpected(Error{Errc::insecure, 0,
                               "root " + path_ +
                                   " may be written by its group or by everyone, and has no "
                                   "sticky bit"});
}

Result<> Root::check_link(uid_t owner) const {
  if (owner == 0 || owner == kernel_.geteuid()) return {};
  return std::unexpected(
      Error{Errc::insecure, 0,
            "root " + path_ + " is a symbolic link of uid " + std::to_string(owner) +
                ", who can lead it elsewhere at any time: name what it leads to"});
}

Result<std::shared_ptr<const Directory>> Root::find() const {
  auto found = kernel_.fstatat(AT_FDCWD, path_.c_str(), AT_SYMLINK_NOFOLLOW, Times::no);
  const bool is_link = found && S_ISLNK(found->st_mode);
  if (is_link) {
    if (auto trusted = check_link(found->st_uid); !trusted) {
      return std::unexpected(std::move(trusted.error()));
    }
    found = kernel_.fstatat(AT_FDCWD, path_.c_str(), 0, Times::no);
  }
  if (!found) {
    if (found.error().value == ENOENT) return nullptr;
    return std::unexpected(root_error("open root", path_, found.error()));
  }
  if (auto trusted = check_mode(found->st_mode); !trusted) {
    return std::unexpected(std::move(trusted.error()));
  }

  const std::scoped_lock guard(mutex_);
  if (opened_.directory && opened_.device == found->st_dev && opened_.inode == found->st_ino &&
      opened_.directory->strangers_write == strangers_may_write(found->st_mode) &&
      opened_.directory->owner == found->st_uid) {
    return opened_.directory;
  }
  // O_PATH asks for no permission to read: whoever may open a document may load it.
  const int flags = O_PATH | O_DIRECTORY | (is_link ? 0 : O_NOFOLLOW);
  auto fd = retry_eintr([&] { return kernel_.openat(AT_FDCWD, path_.c_str(), flags, 0); });
  if (!fd) {
    if (fd.error().value == ENOENT) return nullptr;
    return std::unexpected(root_error("open root", path_, fd.error()));
  }
  const auto opened = kernel_.fstat(fd->get(), Times::no);
  if (!opened) return std::unexpected(root_error("stat root", path_, opened.error()));
  // The path may lead elsewhere since the stat above.
  if (auto trusted = check_mode(opened->st_mode); !trusted) {
    return std::unexpected(std::move(trusted.error()));
  }
  auto directory = std::make_shared<const Directory>(Directory{
      kernel_, std::move(*fd), path_, strangers_may_write(opened->st_mode), opened->st_uid});
  opened_ = {directory, opened->st_dev, opened->st_ino, false};
  return directory;
}

Result<std::shared_ptr<const Directory>> Root::find_or_make() const {
  // One round to make it, and more for a root that somebody removes meanwhile.
  constexpr int most_rounds = 4;
  bool made_here = false;
  for (int round = 0; round < most_rounds; ++round) {
    auto directory = find();
    if (!directory) return directory;
    if (*directory) {
      if (auto durable = make_durable(**directory, made_here); !durable) {
        return std::unexpected(std::move(durable.error()));
      }
      return directory;
    }
    if (auto made = make_directory(kernel_, path_); !made) {
      return std::unexpected(std::move(made.error()));
    }
    made_here = true;
  }
  const auto left = kernel_.fstatat(AT_FDCWD, path_.c_str(), AT_SYMLINK_NOFOLLOW, Times::no);
  if (left && S_ISLNK(left->st_mode)) {
    return std::unexpected(Error{Errc::io, ENOENT,
                                 "root " + path_ +
                                     " is a symbolic link to nothing: make the directory that it "
                                     "leads to, or remove the link"});
  }
  return std::unexpected(Error{Errc::unavailable, 0, "root " + path_ + " keeps vanishing"});
}

Result<> Root::make_durable(const Directory& directory, bool made_here) const {
  const auto is_durable = [&] {
    const std::scoped_lock guard(mutex_);
    return opened_.directory.get() == &directory && opened_.durable;
  };
  if (is_durable()) return {};
  auto synced =
      made_here ? sync_directory(kernel_, parent_of(path_)) : sync_name_of_existing(kernel_, path_);
  if (!synced) return synced;
  const std::scoped_lock guard(mutex_);
  if (opened_.directory.get() == &directory) opened_.durable = true;
  return {};
}

}  // namespace latchfile
