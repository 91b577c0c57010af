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

  [[nodiscard]] std::string path_of(std::string_view name) const;
};

/// `doing PATH/NAME`, with errno. The code is io, or unsupported where errno says so.
[[nodiscard]] Error sys_error(std::string_view doing, const Directory& dir, std::string_view name,
                              Errno error);

/// Opens the directory again for reading: its own file offset, and something fsync accepts.
[[nodiscard]] Sys<UniqueFd> reopen_for_reading(const Directory& dir);

/// fsync of the directory, which makes names that were created, renamed and unlinked durable.
[[nodiscard]] Sys<> sync_names(const Directory& dir);

/// Whether errno of an openat with O_NOFOLLOW says that a link, socket or directory stands there.
[[nodiscard]] bool means_not_a_file(Errno error);

/// insecure: `PATH/NAME is a FIFO, not a regular file`.
[[nodiscard]] Error not_a_file(const Directory& dir, std::string_view name);

}  // namespace latchfile
