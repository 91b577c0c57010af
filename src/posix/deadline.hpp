// SPDX-License-Identifier: Apache-2.0
//
// When a Wait is over.
#pragma once

#include "latchfile/wait.hpp"
#include "posix/kernel.hpp"

namespace latchfile {

/// The latest time there is for a wait that is for ever, or beyond what the clock can count.
[[nodiscard]] inline Kernel::Clock::time_point deadline_of(Kernel& kernel, Wait wait) {
  constexpr auto never = Kernel::Clock::time_point::max();
  if (wait.is_forever()) return never;
  const auto now = kernel.now();
  return wait.limit() < never - now ? now + wait.limit() : never;
}

}  // namespace latchfile
