// SPDX-License-Identifier: Apache-2.0
//
// Replacing a file so that every reader, and every power cut, finds the old content or the new.
//
//   S1  create the temp file O_EXCL; a leftover is removed, for the caller holds the file's lock
//   S2  with the mode and owner of the file that it replaces, write all of it
//   S3  fdatasync it
//   S4  renameat it over the file: the commit
//   S5  fsync the directory
//
// A failure before S4 leaves the old file and no temp file; one at S5 is commit_unknown. Neither S3
// nor S5 is ever tried again: after an error the kernel may have dropped the pages and report
// success the second time (fsync(2), "Error handling" in the kernel's vfs documentation).
//
// The caller excludes other writers; readers need no lock. In a directory that strangers may write
// to, those who ignore the caller's lock may be hostile: a file that they put at the name is not
// replaced, for the new one would get its mode and owner, and what is written would be theirs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "latchfile/error.hpp"
#include "posix/directory.hpp"

namespace latchfile {

enum class Sync {
  yes,  ///< S3 and S5 are done
  no,   ///< they are left out: whole after a crash of the process, not after one of the kernel
};

/// `known` is the file that the caller found at the name while it kept other writers out, if any,
/// and afterwards the file that was put there. It counts, and is kept, where strangers write.
///
/// Errors: commit_unknown; insecure (the name is taken by no regular file, or by one that is not
/// `known`); unsupported, io: the old file stands.
[[nodiscard]] Result<> replace_file(const Directory& dir, const std::string& name,
                                    const std::string& temp_name, std::string_view content,
                                    Sync sync, std::optional<FileIdentity>& known);

}  // namespace latchfile
