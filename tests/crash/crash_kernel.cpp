// SPDX-License-Identifier: Apache-2.0
#include "crash/crash_kernel.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <utility>

namespace latchfile::test {
namespace {

constexpr mode_t permission_bits = 07777;

std::unexpected<Errno> failed(int error) { return std::unexpected(Errno{error}); }

/// The library remembers which thread holds which inode of which device.
dev_t new_device() {
  static dev_t last = 0;
  return ++last;
}

bool may_read(int flags) { return (flags & O_ACCMODE) != O_WRONLY; }
bool may_write(int flags) { return (flags & O_ACCMODE) != O_RDONLY; }

}  // namespace

CrashKernel::CrashKernel(Disk disk) : disk_(std::move(disk)), device_(new_device()) {}

void CrashKernel::begin_call() {
  if (visit_) visit_();
  ++calls_;
}

Sys<CrashKernel::Place> CrashKernel::find(int dir, std::string_view path) const {
  if (path.empty()) return failed(ENOENT);
  ino_t at = Disk::root;
  if (!path.starts_with('/') && dir != AT_FDCWD) {
    const auto found = files_.find(dir);
    if (found == files_.end()) return failed(EBADF);
    at = found->second.inode;
  }
  Place place{at, "", at};
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    const auto component = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (place.inode == Disk::none) return failed(ENOENT);
    if (!disk_[place.inode].is_directory()) return failed(ENOTDIR);
    if (component.empty() || component == ".") continue;
    place = {place.inode, std::string(component), disk_.find(place.inode, component)};
  }
  return place;
}

Sys<CrashKernel::OpenFile*> CrashKernel::open_file(int fd) {
  const auto found = files_.find(fd);
  if (found == files_.end() || (found->second.flags & O_PATH) != 0) return failed(EBADF);
  return &found->second;
}

struct stat CrashKernel::stat_of(ino_t number, Times times) const {
  const auto& inode = disk_[number];
  struct stat result{};
  result.st_dev = device_;
  result.st_ino = number;
  result.st_mode = inode.mode;
  result.st_nlink = inode.links;
  result.st_uid = inode.uid;
  result.st_gid = inode.gid;
  result.st_size = static_cast<off_t>(disk_.content(number).size());
  if (times == Times::yes) result.st_mtim.tv_nsec = inode.writes;
  return result;
}

Sys<UniqueFd> CrashKernel::openat(int dir, const char* path, int flags, mode_t mode) {
  begin_call();
  const auto place = find(dir, path);
  if (!place) return std::unexpected(place.error());
  ino_t inode = place->inode;
  if (inode == Disk::none) {
    if ((flags & O_CREAT) == 0) return failed(ENOENT);
    inode = disk_.make(S_IFREG | (mode & permission_bits));
    disk_.point(place->directory, place->name, inode);
  } else {
    if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) return failed(EEXIST);
    const bool directory = disk_[inode].is_directory();
    if (!directory && (flags & O_DIRECTORY) != 0) return failed(ENOTDIR);
    if (directory && (flags & O_PATH) == 0 && may_write(flags)) return failed(EISDIR);
    if ((flags & O_TRUNC) != 0) disk_.rewrite(inode, "");
  }
  const int fd = next_fd_++;
  files_.emplace(fd, OpenFile{.inode = inode, .flags = flags});
  return UniqueFd(*this, fd);
}

Sys<> CrashKernel::close(int fd) {
  begin_call();
  if (files_.erase(fd) == 0) return failed(EBADF);
  return {};
}

Sys<std::size_t> CrashKernel::read(int fd, char* into, std::size_t bytes) {
  begin_call();
  const auto file = open_file(fd);
  if (!file) return std::unexpected(file.error());
  if (!may_read((*file)->flags)) return failed(EBADF);
  if (disk_[(*file)->inode].is_directory()) return failed(EISDIR);
  const auto& content = disk_.content((*file)->inode);
  const auto got = content.copy(into, bytes, std::min((*file)->offset, content.size()));
  (*file)->offset += got;
  return got;
}

Sys<std::size_t> CrashKernel::write(int fd, std::string_view bytes) {
  begin_call();
  const auto file = open_file(fd);
  if (!file) return std::unexpected(file.error());
  if (!may_write((*file)->flags)) return failed(EBADF);
  auto& offset = (*file)->offset;
  auto content = disk_.content((*file)->inode);
  content.resize(std::max(content.size(), offset + bytes.size()));
  content.replace(offset, bytes.size(), bytes);
  disk_.rewrite((*file)->inode, std::move(content));
  offset += bytes.size();
  return bytes.size();
}

Sys<struct stat> CrashKernel::fstat(int fd, Times times) {
  begin_call();
  const auto found = files_.find(fd);
  if (found == files_.end()) return failed(EBADF);
  return stat_of(found->second.inode, times);
}

Sys<> CrashKernel::fchmod(int fd, mode_t mode) {
  begin_call();
  const auto file = open_file(fd);
  if (!file) return std::unexpected(file.error());
  const mode_t type = disk_[(*file)->inode].mode & S_IFMT;
  disk_.set_mode((*file)->inode, type | (mode & permission_bits));
  return {};
}

Sys<> CrashKernel::fchown(int fd, uid_t uid, gid_t gid) {
  begin_call();
  const auto file = open_file(fd);
  if (!file) return std::unexpected(file.error());
  disk_.set_owner((*file)->inode, uid, gid);
  return {};
}

Sys<> CrashKernel::fdatasync(int fd) { return CrashKernel::fsync(fd); }

Sys<> CrashKernel::fsync(int fd) {
  begin_call();
  const auto file = open_file(fd);
  if (!file) return std::unexpected(file.error());
  if (++syncs_ == failing_sync_) {
    disk_.fail_sync((*file)->inode);
    return failed(EIO);
  }
  disk_.sync((*file)->inode);
  return {};
}

Sys<struct stat> CrashKernel::fstatat(int dir, const char* path, int, Times times) {
  begin_call();
  const auto place = find(dir, path);
  if (!place) return std::unexpected(place.error());
  if (place->inode == Disk::none) return failed(ENOENT);
  return stat_of(place->inode, times);
}

Sys<> CrashKernel::renameat(int dir, const char* from, const char* to) {
  begin_call();
  const auto source = find(dir, from);
  const auto target = find(dir, to);
  if (!source) return std::unexpected(source.error());
  if (!target) return std::unexpected(target.error());
  if (source->inode == Disk::none) return failed(ENOENT);
  if (source->inode == target->inode) return {};  // two names of one file both stay (rename(3p))
  const bool over_directory = target->inode != Disk::none && disk_[target->inode].is_directory();
  if (over_directory && !disk_[source->inode].is_directory()) return failed(EISDIR);
  disk_.point(target->directory, target->name, source->inode);
  disk_.point(source->directory, source->name, Disk::none);
  return {};
}

Sys<> CrashKernel::linkat(int dir, const char* from, const char* to) {
  begin_call();
  const auto source = find(dir, from);
  const auto target = find(dir, to);
  if (!source) return std::unexpected(source.error());
  if (!target) return std::unexpected(target.error());
  if (source->inode == Disk::none) return failed(ENOENT);
  if (target->inode != Disk::none) return failed(EEXIST);
  if (disk_[source->inode].is_directory()) return failed(EPERM);
  disk_.point(target->directory, target->name, source->inode);
  return {};
}

Sys<> CrashKernel::unlinkat(int dir, const char* path) {
  begin_call();
  const auto place = find(dir, path);
  if (!place) return std::unexpected(place.error());
  if (place->inode == Disk::none) return failed(ENOENT);
  if (disk_[place->inode].is_directory()) return failed(EISDIR);
  disk_.point(place->directory, place->name, Disk::none);
  return {};
}

Sys<> CrashKernel::mkdirat(int dir, const char* path, mode_t mode) {
  begin_call();
  const auto place = find(dir, path);
  if (!place) return std::unexpected(place.error());
  if (place->inode != Disk::none) return failed(EEXIST);
  const ino_t made = disk_.make(S_IFDIR | (mode & permission_bits));
  disk_.point(place->directory, place->name, made);
  return {};
}

Sys<std::size_t> CrashKernel::getdents64(int fd, char* into, std::size_t bytes) {
  begin_call();
  const auto file = open_file(fd);
  if (!file) return std::unexpected(file.error());
  const ino_t directory = (*file)->inode;
  if (!disk_[directory].is_directory()) return failed(ENOTDIR);
  auto& entries = (*file)->entries;
  if (!entries) {
    const auto names = disk_.names_in(directory);
    entries.emplace(names.begin(), names.end());
  }
  std::size_t used = 0;
  for (; (*file)->offset < entries->size(); ++(*file)->offset) {
    const auto& name = (*entries)[(*file)->offset];
    constexpr std::size_t alignment = alignof(dirent64);
    const std::size_t length = offsetof(dirent64, d_name) + name.size() + 1;
    const std::size_t record_length = (length + alignment - 1) / alignment * alignment;
    if (used + record_length > bytes) {
      if (used == 0) return failed(EINVAL);
      break;
    }
    dirent64 record{};
    record.d_ino = disk_.find(directory, name);
    record.d_reclen = static_cast<unsigned short>(record_length);
    record.d_type = DT_UNKNOWN;
    name.copy(record.d_name, name.size());
    std::memcpy(into + used, &record, std::min(record_length, sizeof record));
    used += record_length;
  }
  return used;
}

Sys<> CrashKernel::flock(int fd, int operation) {
  begin_call();
  const auto file = open_file(fd);
  if (!file) return std::unexpected(file.error());
  const int wanted = operation & ~LOCK_NB;
  if (wanted == LOCK_UN) {
    (*file)->lock = 0;
    return {};
  }
  const bool busy = std::ranges::any_of(files_, [&](const auto& entry) {
    const auto& other = entry.second;
    return &other != *file && other.inode == (*file)->inode && other.lock != 0 &&
           (wanted == LOCK_EX || other.lock == LOCK_EX);
  });
  if (busy) return failed((operation & LOCK_NB) != 0 ? EWOULDBLOCK : EDEADLK);
  (*file)->lock = wanted;
  return {};
}

Sys<> CrashKernel::flock_until(int fd, int operation, Clock::time_point) {
  const auto locked = CrashKernel::flock(fd, operation | LOCK_NB);
  if (!locked && locked.error().value == EWOULDBLOCK) return failed(ETIMEDOUT);
  return locked;
}

}  // namespace latchfile::test
