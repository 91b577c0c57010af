// SPDX-License-Identifier: Apache-2.0
//
// Traps: what a hostile user puts in the place of a file of the format.
#pragma once

#include <ostream>
#include <string>

namespace latchfile::test {

enum class Trap {
  link_to_secret,
  link_to_nothing,
  link_to_itself,
  fifo,
  socket,
  directory,
  huge_file,
  lease,
  lock_shared,
  lock_exclusive,
};

[[nodiscard]] std::string to_string(Trap trap);
inline void PrintTo(Trap trap, std::ostream* out) { *out << to_string(trap); }

/// As whoever calls it: removes what is at `path` if they may, and sets the trap there. False if it
/// cannot be set. What only lasts as long as a process (a lease, a lock) lasts as long as the
/// caller.
[[nodiscard]] bool set_trap(Trap trap, const std::string& path, const std::string& secret);

}  // namespace latchfile::test
