// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <mutex>
#include <numeric>
#include <set>
#include <string>
#include <thread>

namespace latchfile::test {
namespace {

TEST(InParallel, DoesEachItemOnce) {
  for (const std::size_t count : {0U, 1U, 7U, 8U, 9U, 63U, 64U, 1000U}) {
    std::vector<std::atomic<int>> done(count);
    in_parallel(count, [&](std::size_t i) { ++done.at(i); });
    for (std::size_t i = 0; i < count; ++i)
      EXPECT_EQ(done[i], 1) << i << " of " << count;
  }
}

TEST(InParallel, AFewAreDoneByThisThread) {
  std::set<std::thread::id> threads;
  in_parallel(10, [&](std::size_t) { threads.insert(std::this_thread::get_id()); });
  EXPECT_EQ(threads, std::set{std::this_thread::get_id()});
}

TEST(InParallel, ManyAreDoneBySeveralThreadsWhereThereAreProcessors) {
  if (std::thread::hardware_concurrency() < 2) GTEST_SKIP() << "one processor";
  std::mutex mutex;
  std::set<std::thread::id> threads;
  // Whoever comes first waits for another, which only another thread can be.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  in_parallel(1000, [&](std::size_t) {
    for (;;) {
      const std::scoped_lock guard(mutex);
      threads.insert(std::this_thread::get_id());
      if (threads.size() > 1 || std::chrono::steady_clock::now() > deadline) return;
    }
  });
  EXPECT_GT(threads.size(), 1U);
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
