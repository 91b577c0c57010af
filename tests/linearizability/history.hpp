// SPDX-License-Identifier: Apache-2.0
//
// A history: what processes did to one container, each operation with the moments between which it
// took effect.
//
// Whatever the operation, its model is the same: it takes effect in one instant, in which it needs
// the container to be in the state `before` and puts it in the state `after`. A save is a
// read-modify-write that needs the very document that its guard read; a load and an entry of a list
// change nothing.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace latchfile::test {

/// The number of the document that is stored. No two writes of a history write the same one, so
/// that every read tells which write it saw.
using State = std::uint64_t;

inline constexpr State absent = 0;
/// As `before`: whatever document is there.
inline constexpr State any_document = std::numeric_limits<State>::max();
/// As `after`: the operation changes nothing.
inline constexpr State unchanged = any_document - 1;

/// Nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share.
using Time = std::uint64_t;

inline constexpr Time never = std::numeric_limits<Time>::max();

struct Operation {
  Time begin;
  /// When it had returned. If its process was killed: when that process was known to be gone, or
  /// never.
  Time end;
  State before;
  State after;
  /// Whether it is known to have taken effect. The operation of a killed process may have or not.
  bool certain;
  int process;  ///< who did it, for people

  [[nodiscard]] bool changes() const { return after != unchanged; }
  [[nodiscard]] bool possible_in(State state) const {
    return before == any_document ? state != absent : state == before;
  }
};

using History = std::vector<Operation>;

}  // namespace latchfile::test
