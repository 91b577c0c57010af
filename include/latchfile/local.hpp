// SPDX-License-Identifier: Apache-2.0
//
// open_local: a store in a root directory on this machine, shared with every other process that
// uses the same directory, gVisor's runsc included. docs/format.md describes the files.
#pragma once

#include <string>

#include "latchfile/error.hpp"
#include "latchfile/export.hpp"
#include "latchfile/store.hpp"

namespace latchfile {

/// What a change survives once the call that made it has returned.
enum class Durability {
  full,                 ///< a crash of the process, of the kernel, and a power cut
  unsafe_on_power_cut,  ///< a crash of the process. After a crash of the kernel or a power cut the
                        ///< document may be the old one, the new one, empty or torn: for roots that
                        ///< do not outlive the kernel anyway (tmpfs)
};

struct LocalOptions {
  Durability durability = Durability::full;
  /// Use a root that its group or everyone may write to and that has no sticky bit, where another
  /// user can replace any file; without this such a root is refused as `insecure`.
  bool allow_insecure_root = false;
  /// Never remove a lock file. For roots shared with gVisor, whose waiters do not notice that the
  /// lock file they wait on was unlinked; costs one empty file for each id that ever existed.
  bool keep_lock_files = false;
};

/// Opens the store in the directory `root`, which need not exist: reads then find nothing, and the
/// first write makes it, with mode 0711. A root that is replaced by another directory is followed.
/// It may be a symbolic link of this user or of root; one of anybody else is refused as `insecure`.
///
/// Errors: invalid_argument: `root` is empty or holds a NUL. Everything else shows at first use:
/// a root that is no directory is `io` with ENOTDIR.
[[nodiscard]] LATCHFILE_EXPORT Result<Store> open_local(const std::string& root,
                                                        LocalOptions options = {});

}  // namespace latchfile
