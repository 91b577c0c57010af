// SPDX-License-Identifier: Apache-2.0
//
// Reading a whole regular file that others may replace, or rewrite in place, at any time. Takes no
// lock, follows no link, and never blocks, whatever stands at the name. Where others may write to
// the directory a file with a second hard link is refused: it may be one that they could not read.
// Not noticed is such a file once its other names are gone.
#pragma once

#include <cstddef>
#include <string>

#include "latchfile/error.hpp"
#include "posix/directory.hpp"

namespace latchfile {

struct FileContent {
  std::string bytes;
  /// Size and time of change were the same before and after. False after a few tries means that
  /// somebody is rewriting the file in place.
  bool settled;
  FileIdentity file;
};

/// Errors: not_found, insecure (not a regular file, or linked from elsewhere), too_large (more than
/// `max_bytes`), io.
[[nodiscard]] Result<FileContent> read_file(const Directory& dir, const std::string& name,
                                            std::size_t max_bytes);

}  // namespace latchfile
