// SPDX-License-Identifier: Apache-2.0
#include "fault/errnos.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

namespace latchfile::test {
namespace {

using Call = FaultKernel::Call;

std::vector<PossibleError> errors_of_openat(const FaultKernel::Record& call) {
  std::vector<PossibleError> errors = {{EACCES}, {EINTR, true}, {EIO},    {ELOOP}, {EMFILE},
                                       {ENFILE}, {ENODEV},      {ENOMEM}, {EPERM}, {EOVERFLOW}};
  const bool creates = (call.flags & O_CREAT) != 0;
  const bool names_a_file = (call.flags & O_NOFOLLOW) != 0;
  if (creates) {
    errors.insert(errors.end(), {{EDQUOT}, {EEXIST, true}, {ENOSPC}, {EROFS}});
  } else if (names_a_file) {
    errors.insert(errors.end(), {{EISDIR}, {ENXIO}, {EWOULDBLOCK}});
  }
  // A state may vanish at any time for whoever does not hold its lock.
  if (call.name.ends_with(".state")) errors.push_back({ENOENT, true});
  return errors;
}

std::vector<PossibleError> errors_of_flock(const FaultKernel::Record& call) {
  if (call.flags == LOCK_UN) return {{ENOLCK}};
  return {{EINTR, true}, {ENOLCK}, {EOPNOTSUPP}, {EWOULDBLOCK}};
}

std::vector<PossibleError> errors_of_fstatat(const FaultKernel::Record& call) {
  std::vector<PossibleError> errors = {{EACCES}, {EIO}, {ELOOP}, {ENOMEM}, {ENOTDIR}, {EOVERFLOW}};
  // A lock file may be unlinked by a process that does not follow the protocol.
  if (call.name.ends_with(".lock")) errors.push_back({ENOENT, true});
  return errors;
}

}  // namespace

std::vector<PossibleError> possible_errors(const FaultKernel::Record& call) {
  switch (call.call) {
    case Call::openat: return errors_of_openat(call);
    case Call::close: return {{EINTR, true}, {EIO}, {ENOSPC}, {EDQUOT}};
    case Call::read: return {{EINTR, true}, {EIO}, {EISDIR}, {EAGAIN}};
    case Call::write: return {{EDQUOT}, {EFBIG}, {EINTR, true}, {EIO}, {ENOSPC}, {EPERM}};
    case Call::fstat: return {{EIO}, {ENOMEM}, {EOVERFLOW}};
    case Call::fchmod:
    case Call::fchown: return {{EIO}, {ENOMEM}, {EPERM}, {EROFS}};
    case Call::fdatasync:
    case Call::fsync: return {{EDQUOT}, {EINTR, true}, {EIO}, {ENOSPC}, {EROFS}, {EINVAL}};
    case Call::fstatat: return errors_of_fstatat(call);
    case Call::renameat:
      return {{EACCES}, {EBUSY},  {EDQUOT},  {EIO},   {EISDIR}, {EMLINK}, {ENOENT},
              {ENOMEM}, {ENOSPC}, {ENOTDIR}, {EPERM}, {EROFS},  {EXDEV}};
    case Call::linkat:
      return {{EACCES}, {EDQUOT}, {EEXIST, true}, {EIO},   {EMLINK},
              {ENOENT}, {ENOMEM}, {ENOSPC},       {EPERM}, {EROFS}};
    case Call::unlinkat: return {{EACCES}, {EBUSY}, {EIO}, {EISDIR}, {ENOMEM}, {EPERM}, {EROFS}};
    case Call::mkdirat:
      return {{EACCES}, {EDQUOT}, {EIO},     {ELOOP}, {EMLINK},
              {ENOMEM}, {ENOSPC}, {ENOTDIR}, {EPERM}, {EROFS}};
    case Call::readlinkat: return {{EACCES}, {EINVAL, true}, {EIO}, {ENOENT, true}, {ENOMEM}};
    case Call::getdents64: return {{EINTR, true}, {EIO}, {ENOENT}, {ENOTDIR}};
    case Call::flock: return errors_of_flock(call);
    case Call::flock_until: return {{EAGAIN}, {EINTR, true}, {ENOLCK}, {ETIMEDOUT}};
    case Call::poll: return {{EINTR, true}, {ENOMEM}};
    case Call::inotify_init1: return {{EMFILE}, {ENFILE}, {ENOMEM}};
    case Call::inotify_add_watch: return {{EACCES}, {ENOMEM}, {ENOSPC}};
    case Call::inotify_rm_watch: return {{EINVAL}};
    case Call::pidfd_open: return {{EMFILE}, {ENFILE}, {ENODEV}, {ENOMEM}, {ENOSYS}, {ESRCH}};
  }
  return {};
}

void for_each_fault(
    const std::vector<FaultKernel::Record>& calls,
    const std::function<void(const FaultKernel::Record&, const FaultKernel::Fault&)>& fail) {
  for (std::size_t nth = 1; nth <= calls.size(); ++nth) {
    const auto& call = calls[nth - 1];
    for (const auto possible : possible_errors(call)) {
      for (const bool lasting : {false, true}) {
        if (lasting && possible.only_once) continue;
        SCOPED_TRACE(std::string("call ") + std::to_string(nth) + ", " +
                     std::string(to_string(call.call)) + " " + call.name + ", fails with " +
                     std::string(name_of_errno(possible.error)) + (lasting ? " for ever" : ""));
        fail(call, {nth, possible.error, lasting});
      }
    }
  }
}

std::string_view name_of_errno(int error) { return strerrorname_np(error); }

}  // namespace latchfile::test
