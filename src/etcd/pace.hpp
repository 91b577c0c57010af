// SPDX-License-Identifier: Apache-2.0
//
// Pace: whether something that comes in pieces still gets on.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace latchfile {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Pace(Clock::time_point now) : began_(now), moved_(now) {}

  /// `bytes` is how many there are by now.
  void note(std::size_t bytes, Clock::time_point now) {
    if (bytes != bytes_) moved_ = now;
    bytes_ = bytes;
  }

  /// When it is to be given up if no more comes: after `silence`, or once it is later by `silence`
  /// than the slowest network would be. One byte now and then is no progress.
  [[nodiscard]] Clock::time_point given_up_at(std::chrono::milliseconds silence) const {
    constexpr std::size_t slowest_bytes_per_ms = 10;
    return std::min(moved_, began_ + std::chrono::milliseconds(bytes_ / slowest_bytes_per_ms)) +
           silence;
  }

 private:
  Clock::time_point began_;
  Clock::time_point moved_;
  std::size_t bytes_ = 0;
};

}  // namespace latchfile
