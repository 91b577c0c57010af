// SPDX-License-Identifier: Apache-2.0
#include "support/fault_kernel.hpp"

#include <algorithm>
#include <cstdlib>

namespace latchfile::test {
namespace {

using Call = FaultKernel::Call;

constexpr std::string_view inotify_name = "inotify";

bool may_sleep(Call call) {
  switch (call) {
    case Call::openat:
    case Call::read:
    case Call::write:
    case Call::getdents64:
    case Call::flock:
    case Call::flock_until:
    case Call::poll: return true;
    default: return false;
  }
}

}  // namespace

FaultKernel::~FaultKernel() {
  // A descriptor that is still open would later be closed through this object.
  if (!open_files_.empty()) std::abort();
}

void FaultKernel::arm(std::optional<Fault> fault) {
  const std::scoped_lock guard(mutex_);
  calls_.clear();
  interrupted_.clear();
  failing_.reset();
  fault_ = fault;
}

void FaultKernel::disarm() {
  const std::scoped_lock guard(mutex_);
  fault_.reset();
  failing_.reset();
  interrupting_ = false;
  transfer_limit_ = static_cast<std::size_t>(-1);
}

std::vector<FaultKernel::Record> FaultKernel::calls() const {
  const std::scoped_lock guard(mutex_);
  return calls_;
}

std::optional<FaultKernel::Record> FaultKernel::hit() const {
  const std::scoped_lock guard(mutex_);
  const auto found = std::ranges::find_if(calls_, &Record::failed);
  if (found == calls_.end()) return std::nullopt;
  return *found;
}

std::optional<int> FaultKernel::fault_of(Call call) {
  if (interrupting_ && may_sleep(call)) {
    auto& interrupted = interrupted_[call];
    interrupted = !interrupted;
    if (interrupted) return EINTR;
  }
  if (!fault_) return std::nullopt;
  if (failing_ == call) return fault_->error;
  if (calls_.size() + 1 != fault_->nth) return std::nullopt;
  if (fault_->lasting) failing_ = call;
  return fault_->error;
}

std::optional<Errno> FaultKernel::note(Call call, std::string name, int flags) {
  Record record{call, std::move(name), flags, false};
  if (visit_) visit_(record);
  const std::scoped_lock guard(mutex_);
  const auto error = fault_of(call);
  record.failed = error.has_value();
  calls_.push_back(std::move(record));
  if (error) return Errno{*error};
  return std::nullopt;
}

std::string FaultKernel::name_of(int fd) const {
  const std::scoped_lock guard(mutex_);
  const auto found = open_files_.find(fd);
  return found == open_files_.end() ? std::string() : found->second.name;
}

UniqueFd FaultKernel::adopt(UniqueFd opened, std::string name) {
  const int fd = opened.get();
  const std::scoped_lock guard(mutex_);
  open_files_.insert_or_assign(fd, OpenFile{std::move(opened), std::move(name)});
  return UniqueFd(*this, fd);
}

Sys<UniqueFd> FaultKernel::openat(int dir, const char* path, int flags, mode_t mode) {
  if (const auto error = note(Call::openat, path, flags)) return std::unexpected(*error);
  auto opened = real_.openat(dir, path, flags, mode);
  if (!opened) return opened;
  return adopt(std::move(*opened), path);
}

Sys<UniqueFd> FaultKernel::pidfd_open(pid_t pid) {
  const auto name = std::to_string(pid);
  if (const auto error = note(Call::pidfd_open, name)) return std::unexpected(*error);
  auto opened = real_.pidfd_open(pid);
  if (!opened) return opened;
  return adopt(std::move(*opened), name);
}

Sys<> FaultKernel::close(int fd) {
  const auto error = note(Call::close, name_of(fd));
  std::map<int, OpenFile>::node_type file;
  {
    const std::scoped_lock guard(mutex_);
    file = open_files_.extract(fd);
  }
  if (file.empty()) return std::unexpected(Errno{EBADF});
  const auto closed = file.mapped().fd.close();
  if (error) return std::unexpected(*error);
  return closed;
}

Sys<std::size_t> FaultKernel::read(int fd, char* into, std::size_t bytes) {
  const auto name = name_of(fd);
  if (const auto error = note(Call::read, name)) return std::unexpected(*error);
  return real_.read(fd, into, name == inotify_name ? bytes : std::min(bytes, transfer_limit_));
}

Sys<std::size_t> FaultKernel::write(int fd, std::string_view bytes) {
  if (const auto error = note(Call::write, name_of(fd))) return std::unexpected(*error);
  return real_.write(fd, bytes.substr(0, transfer_limit_));
}

Sys<struct stat> FaultKernel::fstat(int fd, Times times) {
  if (const auto error = note(Call::fstat, name_of(fd))) return std::unexpected(*error);
  return real_.fstat(fd, times);
}

Sys<> FaultKernel::fchmod(int fd, mode_t mode) {
  if (const auto error = note(Call::fchmod, name_of(fd))) return std::unexpected(*error);
  return real_.fchmod(fd, mode);
}

Sys<> FaultKernel::fchown(int fd, uid_t uid, gid_t gid) {
  if (const auto error = note(Call::fchown, name_of(fd))) return std::unexpected(*error);
  return real_.fchown(fd, uid, gid);
}

Sys<> FaultKernel::fdatasync(int fd) {
  if (const auto error = note(Call::fdatasync, name_of(fd))) return std::unexpected(*error);
  return real_.fdatasync(fd);
}

Sys<> FaultKernel::fsync(int fd) {
  if (const auto error = note(Call::fsync, name_of(fd))) return std::unexpected(*error);
  return real_.fsync(fd);
}

Sys<struct stat> FaultKernel::fstatat(int dir, const char* path, int flags, Times times) {
  if (const auto error = note(Call::fstatat, path, flags)) return std::unexpected(*error);
  return real_.fstatat(dir, path, flags, times);
}

Sys<> FaultKernel::renameat(int dir, const char* from, const char* to) {
  if (const auto error = note(Call::renameat, from)) return std::unexpected(*error);
  return real_.renameat(dir, from, to);
}

Sys<> FaultKernel::linkat(int dir, const char* from, const char* to) {
  if (const auto error = note(Call::linkat, from)) return std::unexpected(*error);
  return real_.linkat(dir, from, to);
}

Sys<> FaultKernel::unlinkat(int dir, const char* path) {
  if (const auto error = note(Call::unlinkat, path)) return std::unexpected(*error);
  return real_.unlinkat(dir, path);
}

Sys<> FaultKernel::mkdirat(int dir, const char* path, mode_t mode) {
  if (const auto error = note(Call::mkdirat, path)) return std::unexpected(*error);
  return real_.mkdirat(dir, path, mode);
}

Sys<std::size_t> FaultKernel::getdents64(int fd, char* into, std::size_t bytes) {
  if (const auto error = note(Call::getdents64, name_of(fd))) return std::unexpected(*error);
  return real_.getdents64(fd, into, bytes);
}

Sys<> FaultKernel::flock(int fd, int operation) {
  if (const auto error = note(Call::flock, name_of(fd), operation)) return std::unexpected(*error);
  return real_.flock(fd, operation);
}

Sys<> FaultKernel::flock_until(int fd, int operation, Clock::time_point deadline) {
  if (const auto error = note(Call::flock_until, name_of(fd), operation)) {
    return std::unexpected(*error);
  }
  return real_.flock_until(fd, operation, deadline);
}

Sys<std::string> FaultKernel::readlinkat(int dir, const char* path) {
  if (const auto error = note(Call::readlinkat, path)) return std::unexpected(*error);
  return real_.readlinkat(dir, path);
}

Sys<std::size_t> FaultKernel::poll(std::span<pollfd> fds, Clock::time_point deadline) {
  const auto name = fds.empty() ? std::string() : name_of(fds.front().fd);
  if (const auto error = note(Call::poll, name)) return std::unexpected(*error);
  return real_.poll(fds, deadline);
}

Sys<UniqueFd> FaultKernel::inotify_init1(int flags) {
  const std::string name(inotify_name);
  if (const auto error = note(Call::inotify_init1, name, flags)) return std::unexpected(*error);
  auto opened = real_.inotify_init1(flags);
  if (!opened) return opened;
  return adopt(std::move(*opened), name);
}

Sys<int> FaultKernel::inotify_add_watch(int fd, const char* path, std::uint32_t mask) {
  if (const auto error = note(Call::inotify_add_watch, path)) return std::unexpected(*error);
  return real_.inotify_add_watch(fd, path, mask);
}

Sys<> FaultKernel::inotify_rm_watch(int fd, int watch) {
  if (const auto error = note(Call::inotify_rm_watch, name_of(fd))) return std::unexpected(*error);
  return real_.inotify_rm_watch(fd, watch);
}

std::string_view to_string(FaultKernel::Call call) {
  switch (call) {
    case Call::openat: return "openat";
    case Call::close: return "close";
    case Call::read: return "read";
    case Call::write: return "write";
    case Call::fstat: return "fstat";
    case Call::fchmod: return "fchmod";
    case Call::fchown: return "fchown";
    case Call::fdatasync: return "fdatasync";
    case Call::fsync: return "fsync";
    case Call::fstatat: return "fstatat";
    case Call::renameat: return "renameat";
    case Call::linkat: return "linkat";
    case Call::unlinkat: return "unlinkat";
    case Call::mkdirat: return "mkdirat";
    case Call::readlinkat: return "readlinkat";
    case Call::getdents64: return "getdents64";
    case Call::flock: return "flock";
    case Call::flock_until: return "flock_until";
    case Call::poll: return "poll";
    case Call::inotify_init1: return "inotify_init1";
    case Call::inotify_add_watch: return "inotify_add_watch";
    case Call::inotify_rm_watch: return "inotify_rm_watch";
    case Call::pidfd_open: return "pidfd_open";
  }
  return "unknown";
}

}  // namespace latchfile::test
