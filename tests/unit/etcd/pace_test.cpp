// SPDX-License-Identifier: Apache-2.0
#include "etcd/pace.hpp"

#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;

constexpr Pace::Clock::time_point begin{1h};
constexpr auto silence = 1000ms;

TEST(Pace, EndsWithSilence) {
  Pace pace(begin);
  EXPECT_EQ(pace.given_up_at(silence), begin + 1000ms);
  pace.note(100000, begin + 300ms);
  pace.note(100000, begin + 900ms);
  EXPECT_EQ(pace.given_up_at(silence), begin + 1300ms);
}

TEST(Pace, EndsWhenThereIsHardlyAnything) {
  Pace pace(begin);
  for (std::size_t second = 1; second < 100; ++second)
    pace.note(second, begin + std::chrono::seconds(second));
  EXPECT_LT(pace.given_up_at(silence), begin + 2s);
}

TEST(Pace, LastsAsLongAsMuchComes) {
  Pace pace(begin);
  constexpr std::size_t bytes_per_s = 20000;
  for (std::size_t second = 1; second < 100; ++second)
    pace.note(second * bytes_per_s, begin + std::chrono::seconds(second));
  EXPECT_EQ(pace.given_up_at(silence), begin + 100s);
}

}  // namespace
}  // namespace latchfile::test
