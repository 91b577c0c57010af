// SPDX-License-Identifier: Apache-2.0
//
// Decides whether a history is linearizable: whether its operations can be put in one order that
// one process alone could have done them in, and that never puts an operation before one which had
// returned when it began (Herlihy and Wing 1990).
//
// The search is that of Wing and Gong (1993) with Lowe's two additions ("Testing for
// linearizability", 2017): what was reached twice is followed once, and an operation is put in
// order just in time, when one that has to follow it returns. The sweep therefore goes through the
// history once, and all it carries is the set of what may be the case: the state, and which of the
// open operations have taken effect. Where no operation is open, only the possible states are left.
// The time is linear in the length of the history and exponential only in how many changes are open
// at once.
#pragma once

#include <optional>
#include <string>

#include "linearizability/history.hpp"

namespace latchfile::test {

/// How many operations may be open at once; more throw std::length_error.
inline constexpr int max_open = 64;

/// The first operation in the order of their ends that cannot be explained, in words, with the
/// states that were possible and the operations that were open. Nothing if the history, which
/// begins with an absent container, is linearizable.
[[nodiscard]] std::optional<std::string> find_violation(const History& history);

}  // namespace latchfile::test
