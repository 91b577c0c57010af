// SPDX-License-Identifier: Apache-2.0
//
// How every operation of Latchfile fails: a Result<T> that holds the value or an Error. Nothing
// here throws but std::bad_alloc. Errors are plain values and may be copied between threads.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "latchfile/export.hpp"

namespace latchfile {

/// What kind of failure it was: the part of an Error that a program decides on.
enum class Errc {
  invalid_argument,  ///< an id, document or option is malformed; nothing was read or written
  not_found,         ///< no container of that id
  already_exists,    ///< create: the id has a state, which was not touched
  locked,            ///< Wait::never(): another holder has the lock
  timed_out,         ///< Wait::at_most(): another holder kept the lock for all that time
  deadlock,          ///< this thread already holds that lock
  version_mismatch,  ///< the document is not of the version that the caller named
  corrupt,           ///< the state is not a document; it was left as found
  too_large,         ///< a document is larger than Document::max_bytes, or than etcd takes
  insecure,        ///< what stands there cannot be trusted: a link, a FIFO, a root anyone may write
  lock_lost,       ///< the guard no longer holds its lock: nothing was written
  commit_unknown,  ///< the change is visible but may not survive a power cut; in etcd: may be made
  unavailable,     ///< the store cannot be reached just now
  unsupported,     ///< the store, its file system or the kernel cannot do this
  io,              ///< a system call failed: see sys_errno; or etcd refused
};

/// The name of a code as it is written in this header, for example "not_found".
[[nodiscard]] LATCHFILE_EXPORT std::string_view to_string(Errc code);

/// Why an operation failed.
struct LATCHFILE_EXPORT Error {
  Errc code;
  int sys_errno = 0;    ///< errno of the system call that failed, or 0
  std::string context;  ///< operation, id, path or URL and, for a busy lock, its holder; one line

  /// One line for people: the context and, where there is one, the meaning of sys_errno.
  [[nodiscard]] std::string message() const;
};

template <class T = void>
using Result = std::expected<T, Error>;

}  // namespace latchfile
