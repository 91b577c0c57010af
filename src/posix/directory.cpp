// SPDX-License-Identifier: Apache-2.0
#include "posix/directory.hpp"

#include <cerrno>
#include <fcntl.h>

namespace latchfile {
namespace {

std::string_view type_name(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return "a directory";
    case S_IFLNK: return "a symbolic link";
    case S_IFIFO: return "a FIFO";
    case S_IFSOCK: return "a socket";
    case S_IFCHR: return "a character device";
    case S_IFBLK: return "a block device";
    default: return "something else";
  }
}

}  // namespace

std::string Directory::path_of(std::string_view name) const {
  std::string out = path;
  if (!out.ends_with('/')) out += '/';
  return out.append(name);
}

Error sys_error(std::string_view doing, const Directory& dir, std::string_view name, Errno error) {
  const bool unsupported =
      error.value == EOPNOTSUPP || error.value == ENOSYS || error.value == ENOLCK;
  return {unsupported ? Errc::unsupported : Errc::io, error.value,
          std::string(doing) + " " + (name.empty() ? dir.path : dir.path_of(name))};
}

Sys<UniqueFd> reopen_for_reading(const Directory& dir) {
  return retry_eintr(
      [&] { return dir.kernel.openat(dir.fd.get(), ".", O_RDONLY | O_DIRECTORY, 0); });
}

Result<NameSync> NameSync::open(const Directory& dir) {
  auto fd = reopen_for_reading(dir);
  if (!fd) return std::unexpected(sys_error("open for fsync", dir, "", fd.error()));
  return NameSync(dir.kernel, std::move(*fd));
}

Sys<> NameSync::sync() const {
  auto synced = kernel_->fsync(fd_.get());
  if (!synced) return synced;
  // XFS answers the fsync of a directory with success even after it has shut down; any other call
  // on the descriptor tells.
  const auto alive = kernel_->fstat(fd_.get(), Times::no);
  if (!alive) return std::unexpected(alive.error());
  return {};
}

bool means_not_a_file(Errno error) {
  return error.value == ELOOP || error.value == ENXIO || error.value == EISDIR;
}

Error not_a_file(const Directory& dir, std::string_view name) {
  const auto found =
      dir.kernel.fstatat(dir.fd.get(), std::string(name).c_str(), AT_SYMLINK_NOFOLLOW, Times::no);
  return {Errc::insecure, 0,
          dir.path_of(name) + " is " + std::string(type_name(found ? found->st_mode : 0)) +
              ", not a regular file"};
}

}  // namespace latchfile
