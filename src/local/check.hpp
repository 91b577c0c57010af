// SPDX-License-Identifier: Apache-2.0
//
// Checking a root directory: what each of its names stands for, and whether it is as it should be.
//
//   C1  read the names, once; those of no form of ours are counted and no more
//   C2  states: load each, as any reader does, and look at its mode and owner
//   C3  locks without a state and temp files: suspects, for a process may just be using them
//   C4  stat the suspects · ask who holds which lock · stat them again: one that nobody held and
//   that
//       stayed the same file all the while was left by a process that is gone
//   C5  if repair is asked for, see local/repair.hpp
//
// Up to C4 nothing is locked, but for the shared lock of a reader that finds a torn document.
#pragma once

#include <memory>

#include "latchfile/check.hpp"
#include "latchfile/local.hpp"
#include "posix/directory.hpp"

namespace latchfile {

/// Errors: io (of the directory as a whole).
[[nodiscard]] Result<CheckReport> check_root(const std::shared_ptr<const Directory>& dir,
                                             const LocalOptions& local,
                                             const CheckOptions& options);

}  // namespace latchfile
