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

/// mkdir of `path` and of what is missing above it, each made durable by an fsync of its parent.
Result<> make_directory(Kernel& kernel, const std::string& path) {
  auto made = kernel.mkdirat(AT_FDCWD, path.c_str(), root_mode);
  const auto parent = parent_of(path);
  if (!made && made.error().value == ENOENT && parent != path) {
    if (auto done = make_directory(kernel, parent); !done) return done;
    made = kernel.mkdirat(AT_FDCWD, path.c_str(), root_mode);
  }
  // Whoever made it at the same moment may not have synced it yet, so that we sync it as well.
  if (!made && made.error().value != EEXIST) {
    return std::unexpected(root_error("make directory", path, made.error()));
  }
  const auto fd = retry_eintr(
      [&] { return kernel.openat(AT_FDCWD, parent.c_str(), O_RDONLY | O_DIRECTORY, 0); });
  if (!fd) return std::unexpected(root_error("open directory", parent, fd.error()));
  if (const auto synced = kernel.fsync(fd->get()); !synced) {
    return std::unexpected(root_error("fsync", parent, synced.error()));
  }
  return {};
}

}  // namespace

Root::Root(Kernel& kernel, std::string path, bool allow_insecure)
    : kernel_(kernel), path_(std::move(path)), allow_insecure_(allow_insecure) {}

Result<> Root::check_mode(mode_t mode) const {
  const bool strangers_write = (mode & (S_IWGRP | S_IWOTH)) != 0;
  if (!strangers_write || (mode & S_ISVTX) != 0 || allow_insecure_) return {};
  return std::unexpected(Error{Errc::insecure, 0,
                               "root " + path_ +
                                   " may be written by its group or by everyone, and has no "
                                   "sticky bit"});
}

Result<std::shared_ptr<const Directory>> Root::find() const {
  const auto found = kernel_.fstatat(AT_FDCWD, path_.c_str(), 0);
  if (!found) {
    if (found.error().value == ENOENT) return nullptr;
    return std::unexpected(root_error("open root", path_, found.error()));
  }
  if (auto trusted = check_mode(found->st_mode); !trusted) {
    return std::unexpected(std::move(trusted.error()));
  }

  const std::scoped_lock guard(mutex_);
  if (opened_.directory && opened_.device == found->st_dev && opened_.inode == found->st_ino) {
    return opened_.directory;
  }
  // O_PATH asks for no permission to read: whoever may open a document may load it.
  auto fd =
      retry_eintr([&] { return kernel_.openat(AT_FDCWD, path_.c_str(), O_PATH | O_DIRECTORY, 0); });
  if (!fd) {
    if (fd.error().value == ENOENT) return nullptr;
    return std::unexpected(root_error("open root", path_, fd.error()));
  }
  const auto opened = kernel_.fstat(fd->get());
  if (!opened) return std::unexpected(root_error("stat root", path_, opened.error()));
  // The path may lead elsewhere since the stat above.
  if (auto trusted = check_mode(opened->st_mode); !trusted) {
    return std::unexpected(std::move(trusted.error()));
  }
  auto directory = std::make_shared<const Directory>(Directory{kernel_, std::move(*fd), path_});
  opened_ = {directory, opened->st_dev, opened->st_ino};
  return directory;
}

Result<std::shared_ptr<const Directory>> Root::find_or_make() const {
  // The second round is for a root that somebody removes while we make it.
  for (int round = 0; round < 2; ++round) {
    auto directory = find();
    if (!directory || *directory) return directory;
    if (auto made = make_directory(kernel_, path_); !made) {
      return std::unexpected(std::move(made.error()));
    }
  }
  auto directory = find();
  if (directory && !*directory) {
    return std::unexpected(Error{Errc::unavailable, 0, "root " + path_ + " keeps vanishing"});
  }
  return directory;
}

}  // namespace latchfile
