// SPDX-License-Identifier: Apache-2.0
//
// Repairs beside processes that create, save and destroy, all of them killed at any instruction: no
// document is lost, nobody overlaps, and one more repair leaves nothing behind (I1, I3, I7).
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <random>

#include "latchfile/check.hpp"
#include "latchfile/local.hpp"
#include "process/shared.hpp"
#include "support/child.hpp"
#include "support/numbered_document.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

class Repair : public testing::Test {
 protected:
  const TempDir dir;
  const Store store =
      open_local(dir / "root", {.durability = Durability::unsafe_on_power_cut}).value();
  const ContainerId counted = id_of("counted");
  const ContainerId shortlived = id_of("pod1/short");
  std::minstd_rand random{20260724};

  struct Counters {
    std::atomic<long> begun = 0;
    std::atomic<long> done = 0;
    std::atomic<long> lives = 0;
    std::atomic<long> repairs = 0;
    std::atomic<bool> stop = false;
  };
  const Shared<Counters> counters;

  Child start_counting() {
    return Child([&] {
      while (!counters->stop) {
        ++counters->begun;
        if (!store.update(counted, Wait::forever(), increment)) return 1;
        ++counters->done;
      }
      return 0;
    });
  }
  Child start_living() {
    return Child([&] {
      while (!counters->stop) {
        auto vacancy = store.lock_for_new(shortlived, Wait::forever());
        if (vacancy) {
          if (auto made = std::move(*vacancy).create(numbered(0)); !made) return 1;
        }
        auto state = store.lock(shortlived, Wait::forever());
        if (state && !std::move(*state).destroy()) return 1;
        ++counters->lives;
      }
      return 0;
    });
  }
  Child start_repairing() {
    return Child([&] {
      while (!counters->stop) {
        if (!store.check({.repair = true, .wait = Wait::at_most(std::chrono::milliseconds(20))})) {
          return 1;
        }
        ++counters->repairs;
      }
      return 0;
    });
  }
  void kill_at_random(Child& victim) {
    // Nothing is waited for here: the moment is what is varied.
    const auto moment =
        std::chrono::steady_clock::now() + std::chrono::microseconds(500 + random() % 2000);
    while (std::chrono::steady_clock::now() < moment) {
    }
    victim.signal(SIGKILL);
    EXPECT_EQ(victim.wait(), 128 + SIGKILL);
  }
};

TEST_F(Repair, BesideKilledWritersAndKilledRepairsLosesNothing) {
  constexpr int kills = 60;
  ASSERT_TRUE(store.create(counted, Wait::never(), numbered(0)));
  auto bystander = start_counting();
  auto liver = start_living();
  auto repairer = start_repairing();
  for (int i = 0; i < kills; ++i) {
    auto victim = i % 3 == 0 ? start_counting() : i % 3 == 1 ? start_living() : start_repairing();
    kill_at_random(victim);
    const auto found = store.load(counted, Wait::never());
    ASSERT_TRUE(found) << found.error().message();
    ASSERT_GE(number_in(found->document).value_or(-1), 0);
  }
  const auto done = counters->done.load();
  const auto lives = counters->lives.load();
  const auto repairs = counters->repairs.load();
  EXPECT_TRUE(eventually([&] {
    return counters->done > done && counters->lives > lives && counters->repairs > repairs;
  })) << "somebody hangs";
  counters->stop = true;
  for (auto* each : {&bystander, &liver, &repairer})
    EXPECT_EQ(each->wait(), 0);

  const auto report = store.check({.repair = true, .wait = Wait::never()}).value();
  EXPECT_TRUE(std::ranges::none_of(report.findings, &Finding::is_open));
  EXPECT_TRUE(store.check({}).value().findings.empty());
  const auto number = number_in(store.load(counted).value().document).value_or(-1);
  EXPECT_GE(number, counters->done);
  EXPECT_LE(number, counters->begun);
  for (const auto& name : names_in(dir / "root"))
    EXPECT_TRUE(name.ends_with(".state") || name.ends_with(".lock")) << name;
}

}  // namespace
}  // namespace latchfile::test
