// SPDX-License-Identifier: Apache-2.0
//
// Who holds the locks of a root directory and who waits for them: what /proc/locks says of its lock
// files.
#pragma once

#include <vector>

#include "latchfile/store.hpp"
#include "posix/directory.hpp"

namespace latchfile {

/// Sorted by id and pid. Errors: as Store::locks.
[[nodiscard]] Result<std::vector<LockHolder>> list_holders(const Directory& dir);

}  // namespace latchfile
