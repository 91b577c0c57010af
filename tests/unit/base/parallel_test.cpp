// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.hpp"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <mutex>
#include <numeric>
#include <set>
#include <string>
#include <thread>

namespace latchfile::test {
namespace {

constexpr auto deadline_after = std::chrono::seconds(10);

void nothing(std::size_t) {}

TEST(InParallel, DoesEachItemOnceAndTakesItInOrder) {
  for (const std::size_t count : {0U, 1U, 7U, 15U, 16U, 17U, 63U, 64U, 255U, 256U, 257U, 1000U}) {
    std::vector<std::atomic<int>> done(count);
    std::size_t next = 0;
    in_parallel(
        count, [&](std::size_t i) { ++done.at(i); },
        [&](std::size_t i) {
          EXPECT_EQ(i, next++);
          EXPECT_EQ(done.at(i), 1) << i << " of " << count;
        });
    EXPECT_EQ(next, count);
    for (std::size_t i = 0; i < count; ++i)
      EXPECT_EQ(done[i], 1) << i << " of " << count;
  }
}

TEST(InParallel, AFewAreDoneByThisThread) {
  std::set<std::thread::id> threads;
  in_parallel(10, [&](std::size_t) { threads.insert(std::this_thread::get_id()); }, nothing);
  EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
}

TEST(InParallel, ManyAreDoneBySeveralThreadsWhereThereAreProcessors) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "one processor";
  std::mutex mutex;
  std::set<std::thread::id> threads;
  // Whoever comes first waits for another, which only another thread can be.
  const auto deadline = std::chrono::steady_clock::now() + deadline_after;
  const auto meet = [&](std::size_t) {
    for (;;) {
      const std::scoped_lock guard(mutex);
      threads.insert(std::this_thread::get_id());
      if (threads.size() > 1 || std::chrono::steady_clock::now() > deadline) return;
    }
  };
  in_parallel(1000, meet, nothing);
  EXPECT_GT(threads.size(), 1U);
}

TEST(InParallel, IsNotFurtherAheadOfWhatWasTakenThanItSays) {
  std::atomic<std::size_t> taken = 0;
  std::atomic<std::size_t> furthest = 0;
  const auto work = [&](std::size_t i) {
    const auto ahead = i - taken;
    for (auto known = furthest.load(); known < ahead;)
      if (furthest.compare_exchange_weak(known, ahead)) break;
  };
  // The first is kept back until the others can get no further, if there are any.
  const auto deadline = std::chrono::steady_clock::now() + deadline_after;
  const bool others = std::thread::hardware_concurrency() > 1;
  in_parallel(1000, work, [&](std::size_t i) {
    while (i == 0 && others && furthest < most_ahead - 1 &&
           std::chrono::steady_clock::now() < deadline) {
    }
    ++taken;
  });
  EXPECT_LT(furthest, most_ahead);
  if (others) {
    EXPECT_EQ(furthest, most_ahead - 1);
  }
}

TEST(InParallel, EndsWhereWhatWasMadeIsNotWanted) {
  struct NoMore {};
  std::atomic<std::size_t> done = 0;
  const auto take = [](std::size_t i) {
    if (i == 200) throw NoMore();
  };
  EXPECT_THROW(in_parallel(100'000, [&](std::size_t) { ++done; }, take), NoMore);
  EXPECT_LE(done, 200 + most_ahead);
}

TEST(MapInParallel, KeepsTheOrder) {
  std::vector<int> numbers(1000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto texts = map_in_parallel(numbers, [](int number) { return std::to_string(number); });
  ASSERT_EQ(texts.size(), numbers.size());
  for (const int number : numbers)
    EXPECT_EQ(texts[static_cast<std::size_t>(number)], std::to_string(number));
}

}  // namespace
}  // namespace latchfile::test
