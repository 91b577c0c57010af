// SPDX-License-Identifier: Apache-2.0
//
// Processes that are killed at any instruction: what they saved is there, what they held is free,
// and what they left is harmless (I1, I2, I3 for a crash of the process, I7).
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/numbered_document.hpp"
#include "latchfile/local.hpp"
#include "process/shared.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

class Kill : public testing::Test {
 protected:
  using Clock = std::chrono::steady_clock;

  const TempDir dir;
  const Store store =
      open_local(dir / "root", {.durability = Durability::unsafe_on_power_cut}).value();
  const ContainerId web = id_of("web");
  std::minstd_rand random{20240229};

  struct Progress {
    std::atomic<long> begun = 0;
    std::atomic<long> done = 0;  ///< by all together
    std::atomic<bool> stop = false;
  };
  const Shared<Progress> progress;

  void SetUp() override { ASSERT_TRUE(store.create(web, Wait::never(), numbered(0))); }

  /// Counts until it is told to stop, or killed.
  Child start_counting() {
    return Child([&] {
      while (!progress->stop) {
        ++progress->begun;
        if (!store.update(web, Wait::forever(), increment)) return 1;
        ++progress->done;
      }
      return 0;
    });
  }

  /// Kills `victim` at some moment after it has got going.
  void kill_at_random(Child& victim) {
    const auto begun = progress->begun.load();
    EXPECT_TRUE(eventually([&] { return progress->begun > begun; }));
    // Nothing is waited for here: the moment is what is varied.
    const auto moment = Clock::now() + std::chrono::microseconds(random() % 1000);
    while (Clock::now() < moment) {
    }
    victim.signal(SIGKILL);
    EXPECT_EQ(victim.wait(), 128 + SIGKILL);
  }

  /// The number stored; fails the test if it is not a whole document.
  long count() {
    const auto found = store.load(web, Wait::never());
    EXPECT_TRUE(found) << found.error().message();
    const auto number = found ? number_in(found->document) : std::nullopt;
    EXPECT_TRUE(number);
    return number.value_or(-1);
  }
};

TEST_F(Kill, NoneOfManyProcessesLosesAnIncrement) {
  constexpr int processes = 6;
  constexpr int increments = 300;
  std::vector<Child> children;
  for (int i = 0; i < processes; ++i) {
    children.emplace_back([&] {
      for (int n = 0; n < increments; ++n) {
        if (!store.update(web, Wait::forever(), increment)) return 1;
      }
      return 0;
    });
  }
  for (auto& child : children)
    EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(count(), processes * increments);
}

TEST_F(Kill, LeavesTheLockFreeAndTheDocumentWhole) {
  constexpr int kills = 200;
  const auto deadline = Clock::now() + std::chrono::seconds(60);
  int leftovers = 0;
  for (int i = 0; i < kills || (leftovers == 0 && Clock::now() < deadline); ++i) {
    auto victim = start_counting();
    kill_at_random(victim);

    // What was acknowledged is there, and at most the one change that was under way besides.
    const auto found = count();
    ASSERT_GE(found, progress->done);
    ASSERT_LE(found, progress->begun);
    for (const auto& name : names_in(dir / "root")) {
      ASSERT_THAT(name, testing::AnyOf("web.state", "web.lock", "web.state.tmp"));
      if (name == "web.state.tmp") ++leftovers;
    }
    const auto updated = store.update(web, Wait::never(), increment);
    ASSERT_TRUE(updated) << updated.error().message();
    ASSERT_THAT(names_in(dir / "root"), testing::ElementsAre("web.lock", "web.state"));
    progress->begun = progress->done = found + 1;
  }
  // Else the moments were badly chosen.
  EXPECT_GT(leftovers, 0) << "no kill came in the middle of a save";
}

TEST_F(Kill, OfOneProcessDoesNotDisturbTheOthers) {
  constexpr int kills = 100;
  std::vector<Child> bystanders;
  for (int i = 0; i < 3; ++i)
    bystanders.push_back(start_counting());
  long last = 0;
  for (int i = 0; i < kills; ++i) {
    auto victim = start_counting();
    kill_at_random(victim);
    const auto found = count();
    ASSERT_GE(found, last);
    last = found;
  }
  const auto done = progress->done.load();
  EXPECT_TRUE(eventually([&] { return progress->done > done + 10; })) << "somebody hangs";
  progress->stop = true;
  for (auto& bystander : bystanders)
    EXPECT_EQ(bystander.wait(), 0);
  EXPECT_GE(count(), progress->done);
  EXPECT_LE(count(), progress->begun);
}

TEST_F(Kill, OfACreatorLeavesNothingOrAWholeContainer) {
  constexpr int kills = 200;
  int existing = 0;
  for (int i = 0; i < kills; ++i) {
    const auto id = id_of("pod1/c");
    Child victim([&] {
      for (long round = 0;; ++round) {
        ++progress->begun;
        const auto created = store.create(id, Wait::forever(), numbered(round));
        auto state = store.lock(id, Wait::forever());
        if (!created || !state || !std::move(*state).destroy()) return 1;
      }
    });
    kill_at_random(victim);

    const auto found = store.load(id, Wait::never());
    if (found) {
      ++existing;
      ASSERT_TRUE(number_in(found->document));
      auto state = store.lock(id, Wait::never());
      ASSERT_TRUE(state) << state.error().message();
      ASSERT_TRUE(std::move(*state).destroy());
    } else {
      ASSERT_EQ(found.error().code, Errc::not_found) << found.error().message();
    }
    ASSERT_TRUE(store.create(id, Wait::never(), numbered(i)));
    ASSERT_TRUE(std::move(store.lock(id, Wait::never()).value()).destroy());
    ASSERT_THAT(names_in(dir / "root"), testing::ElementsAre("web.lock", "web.state"));
  }
  EXPECT_GT(existing, 0);
  EXPECT_LT(existing, kills);
}

}  // namespace
}  // namespace latchfile::test
