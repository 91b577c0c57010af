// SPDX-License-Identifier: Apache-2.0
#include "posix/read_file.hpp"

#include <cerrno>
#include <fcntl.h>

namespace latchfile {
namespace {

/// Room behind the content, so that a parser that reads whole registers need not copy it.
constexpr std::size_t spare_bytes = 64;
constexpr int max_tries = 3;

bool unmoved(const struct stat& before, const struct stat& after, std::size_t bytes_read) {
  return before.st_size == after.st_size && before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
         before.st_mtim.tv_nsec == after.st_mtim.tv_nsec &&
         static_cast<std::size_t>(after.st_size) == bytes_read;
}

/// Reads until the end of the file or one byte more than `expected`.
Sys<std::string> read_bytes(Kernel& kernel, const UniqueFd& fd, std::size_t expected) {
  std::string bytes;
  bytes.reserve(expected + spare_bytes);
  Sys<std::size_t> got = 0;
  // Unlike resize, does not fill with zeros what is read over at once.
  bytes.resize_and_overwrite(expected + 1, [&](char* to, std::size_t room) {
    std::size_t used = 0;
    do {
      got = retry_eintr([&] { return kernel.read(fd.get(), to + used, room - used); });
      if (!got || *got == 0) break;
      used += *got;
      // A regular file gives less than asked only at its end; the fstat that follows is the proof.
    } while (used < expected);
    return used;
  });
  if (!got) return std::unexpected(got.error());
  return bytes;
}

/// Only a look at the link count tells a file of this directory from one that is elsewhere as well.
Error linked_from_elsewhere(const Directory& dir, const std::string& name, nlink_t links) {
  return {Errc::insecure, 0,
          dir.path_of(name) + " has " + std::to_string(links) +
              " hard links in a directory that others may write to, and may be a file that whoever "
              "linked it there could not read: if it belongs there, put a copy in its place"};
}

}  // namespace

Result<FileContent> read_file(const Directory& dir, const std::string& name,
                              std::size_t max_bytes) {
  Kernel& kernel = dir.kernel;
  for (int attempt = 1;; ++attempt) {
    // O_NONBLOCK and O_NOCTTY: a FIFO or a terminal in the place of the file must not hang us.
    const auto fd = retry_eintr([&] {
      return kernel.openat(dir.fd.get(), name.c_str(),
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    });
    if (!fd) {
      if (fd.error().value == ENOENT) {
        return std::unexpected(Error{Errc::not_found, 0, dir.path_of(name) + " does not exist"});
      }
      if (means_not_a_file(fd.error())) return std::unexpected(not_a_file(dir, name));
      return std::unexpected(sys_error("open", dir, name, fd.error()));
    }
    const auto before = kernel.fstat(fd->get(), Times::yes);
    if (!before) return std::unexpected(sys_error("stat", dir, name, before.error()));
    if (!S_ISREG(before->st_mode)) return std::unexpected(not_a_file(dir, name));
    if (dir.strangers_write && before->st_nlink > 1) {
      return std::unexpected(linked_from_elsewhere(dir, name, before->st_nlink));
    }
    const auto size = static_cast<std::size_t>(before->st_size);
    if (size > max_bytes) {
      return std::unexpected(Error{Errc::too_large, 0,
                                   dir.path_of(name) + " has " + std::to_string(size) +
                                       " bytes, more than the limit of " +
                                       std::to_string(max_bytes)});
    }
    auto bytes = read_bytes(kernel, *fd, size);
    if (!bytes) return std::unexpected(sys_error("read", dir, name, bytes.error()));
    const auto after = kernel.fstat(fd->get(), Times::yes);
    if (!after) return std::unexpected(sys_error("stat", dir, name, after.error()));
    const bool settled = unmoved(*before, *after, bytes->size());
    if (settled || attempt == max_tries) {
      return FileContent{std::move(*bytes), settled, FileIdentity::of(*after)};
    }
  }
}

}  // namespace latchfile
