// SPDX-License-Identifier: Apache-2.0
//
// Repairing what a check found of one container.
//
//   R1  take its lock, waiting as asked
//   R2  look again: only what is still so under the lock is repaired
//   R3  a state that is no document: link it, over nothing, to its quarantine name
//   R4  fsync the root: from here on no power cut can take both names
//   R5  unlink its old name
//   R6  fsync the root
//   R7  unlink the temp file
//   R8  without a state: fsync the root (D2), unlink the lock file, still holding the lock (D3)
//
// A kill between any two leaves what a check finds again. All but R1, which may have to make the
// lock file, works on a full disk.
#pragma once

#include <memory>
#include <span>

#include "latchfile/check.hpp"
#include "latchfile/local.hpp"
#include "posix/directory.hpp"

namespace latchfile {

/// Sets the `repair` of each of `findings` that there is one for. All are of the same id, sorted by
/// kind.
void repair(const std::shared_ptr<const Directory>& dir, const LocalOptions& options, Wait wait,
            std::span<Finding> findings);

}  // namespace latchfile
