// SPDX-License-Identifier: Apache-2.0
#include "cli/errors.hpp"

#include <cerrno>

#include "base/quote.hpp"

namespace latchfile::cli {
namespace {

/// What to do about a failed system call; empty where there is no saying.
std::string_view advice_for_errno(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT: return "free some space and try again";
    case EACCES:
    case EPERM: return "run as the owner of the root, or choose another with --root";
    case EROFS: return "mount the file system writable, or choose another root with --root";
    case EMFILE:
    case ENFILE: return "raise the limit of open files (ulimit -n)";
    case ENOTDIR: return "choose a directory with --root";
    case EISDIR: return "put a file there, or name another";
    case EAGAIN: return "try again";
    case ENOENT: return "check the path";
    case EIO: return "look for errors of the disk with dmesg";
    case EBADF: return "open the stream: it is closed";
    default: return "";
  }
}

/// What to do about a program that cannot be started.
std::string_view advice_for_program(int error) {
  switch (error) {
    case ENOENT: return "check its name, and PATH";
    case EACCES: return "it must be a program, and executable";
    default: return advice_for_errno(error);
  }
}

std::string_view advice(const Error& error) {
  switch (error.code) {
    case Errc::invalid_argument: return "";
    case Errc::not_found: return "see 'latchfile list'";
    case Errc::already_exists: return "choose another id, or replace it with 'latchfile save'";
    case Errc::locked: return "wait for it with --timeout, or end its holder";
    case Errc::timed_out: return "wait longer, or see to its holder";
    case Errc::deadlock: return "";
    case Errc::version_mismatch: return "read it again with 'latchfile state'";
    case Errc::corrupt:
      return "it was left as found: 'latchfile check --repair' moves the file away and frees the "
             "id";
    case Errc::too_large: return "keep large data in a file of its own and name it in the document";
    case Errc::insecure:
      return "find out who did that before you mend it; no more than the lack of a sticky bit can "
             "be allowed, with --allow-insecure-root";
    case Errc::lock_lost: return "";
    case Errc::commit_unknown:
      return error.sys_errno == 0 ? "see what is there with 'latchfile state'"
                                  : "look for errors of the disk with dmesg, then do it again";
    case Errc::unavailable: return "see to etcd and its address, and try again";
    case Errc::unsupported:
      return error.sys_errno == 0 ? "" : "choose a root on ext4, XFS, btrfs or tmpfs";
    case Errc::io:
      return error.context.contains("run '") ? advice_for_program(error.sys_errno)
                                             : advice_for_errno(error.sys_errno);
  }
  return "";
}

}  // namespace

int exit_code(const Error& error) {
  switch (error.code) {
    case Errc::invalid_argument: return 2;
    case Errc::not_found: return 3;
    case Errc::already_exists: return 4;
    case Errc::locked:
    case Errc::timed_out: return 5;
    case Errc::version_mismatch: return 6;
    case Errc::corrupt: return 7;
    default: return 1;
  }
}

std::string error_line(std::string_view program, const Error& error) {
  auto line = std::string(program) + ": " + error.message();
  if (const auto what_to_do = advice(error); !what_to_do.empty()) {
    line.append(line.ends_with('?') ? " " : "; ").append(what_to_do);
  }
  return one_line(line) + "\n";
}

}  // namespace latchfile::cli
