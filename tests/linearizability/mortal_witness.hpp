// SPDX-License-Identifier: Apache-2.0
//
// MortalWitness: tells whether two processes were ever inside at once, where processes may be
// killed inside. It knows no file and no lock, only one word of shared memory.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace latchfile::test {

inline constexpr int max_lanes = 16;

/// One of the processes that follow each other in a lane.
struct Visitor {
  std::uint32_t lane;
  std::uint32_t life;  ///< 1 for the first process of the lane

  [[nodiscard]] std::uint64_t word() const { return std::uint64_t{life} << 32 | lane; }
  [[nodiscard]] static Visitor from(std::uint64_t word) {
    return {static_cast<std::uint32_t>(word), static_cast<std::uint32_t>(word >> 32)};
  }
};

/// Whom the test has resolved to kill. It says so first: whoever is not among them is alive.
class Condemned {
 public:
  void add(Visitor visitor) { lives_[visitor.lane] = visitor.life; }
  [[nodiscard]] bool has(Visitor visitor) const { return visitor.life <= lives_[visitor.lane]; }

 private:
  std::array<std::atomic<std::uint32_t>, max_lanes> lives_{};
};

class MortalWitness {
 public:
  void enter(Visitor visitor, const Condemned& condemned) {
    ++entered_;
    const auto other = inside_.exchange(visitor.word());
    if (other != nobody && !condemned.has(Visitor::from(other))) ++overlaps_;
  }
  void leave(Visitor visitor) {
    auto expected = visitor.word();
    if (!inside_.compare_exchange_strong(expected, nobody)) ++overlaps_;
  }

  [[nodiscard]] long entered() const { return entered_; }
  [[nodiscard]] long overlaps() const { return overlaps_; }

 private:
  static constexpr std::uint64_t nobody = 0;

  std::atomic<std::uint64_t> inside_ = nobody;
  std::atomic<long> entered_ = 0;
  std::atomic<long> overlaps_ = 0;
};

}  // namespace latchfile::test
