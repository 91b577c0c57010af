// SPDX-License-Identifier: Apache-2.0
//
// Wait: how long an operation may wait for a lock that another holder has.
#pragma once

#include <chrono>
#include <optional>

namespace latchfile {

/// Not at all, for at most a duration, or as long as it takes. A wait sleeps in the kernel until
/// the lock is released; it does not poll.
class Wait {
 public:
  /// Errors of a busy lock: locked.
  [[nodiscard]] static constexpr Wait never() { return Wait(std::chrono::nanoseconds::zero()); }

  /// Errors of a busy lock: timed_out. A duration of zero or less is never().
  [[nodiscard]] static constexpr Wait at_most(std::chrono::nanoseconds limit) {
    return Wait(limit < std::chrono::nanoseconds::zero() ? std::chrono::nanoseconds::zero()
                                                         : limit);
  }

  /// Ends only with the lock. A signal does not end it.
  [[nodiscard]] static constexpr Wait forever() { return Wait(std::nullopt); }

  [[nodiscard]] constexpr bool is_never() const { return limit_ && limit_->count() == 0; }
  [[nodiscard]] constexpr bool is_forever() const { return !limit_; }
  /// Not for forever().
  [[nodiscard]] constexpr std::chrono::nanoseconds limit() const { return *limit_; }

 private:
  constexpr explicit Wait(std::optional<std::chrono::nanoseconds> limit) : limit_(limit) {}

  std::optional<std::chrono::nanoseconds> limit_;
};

}  // namespace latchfile
