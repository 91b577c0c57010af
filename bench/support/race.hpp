// SPDX-License-Identifier: Apache-2.0
//
// Several processes that do their work side by side, from one moment on.
#pragma once

#include <functional>

namespace latchfile::bench {

/// What one of the processes does while the time is taken.
using Work = std::function<void()>;

/// Seconds from the moment when all of `processes` begin until the last of them is done. Each is a
/// fork that calls `prepare` with its number before that moment, and what this returns after it.
[[nodiscard]] double seconds_of_race(int processes, const std::function<Work(int number)>& prepare);

}  // namespace latchfile::bench
