// SPDX-License-Identifier: Apache-2.0
//
// I5 over processes: of those that create one id at the same moment exactly one succeeds, and it is
// its document that is found.
#include <array>
#include <atomic>
#include <sched.h>
#include <vector>

#include <gtest/gtest.h>

#include "support/numbered_document.hpp"
#include "latchfile/local.hpp"
#include "process/shared.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

constexpr int racers = 6;
constexpr int rounds = 200;

struct Race {
  std::atomic<int> ready = 0;  ///< counts arrivals, `racers` for each round
  struct Outcome {
    std::atomic<int> winners = 0;
    std::atomic<long> winner = -1;
    std::atomic<int> already_exists = 0;
    std::atomic<int> locked = 0;
  };
  std::array<Outcome, rounds> outcomes;
};

ContainerId id_of_round(int round) { return id_of("pod1/c" + std::to_string(round)); }

int run_racer(const Store& store, Race& race, long number, Wait wait) {
  for (int round = 0; round < rounds; ++round) {
    ++race.ready;
    while (race.ready < (round + 1) * racers)
      sched_yield();
    auto& outcome = race.outcomes[static_cast<std::size_t>(round)];
    const auto created = store.create(id_of_round(round), wait, numbered(number));
    if (created) {
      ++outcome.winners;
      outcome.winner = number;
    } else if (created.error().code == Errc::already_exists) {
      ++outcome.already_exists;
    } else if (created.error().code == Errc::locked) {
      ++outcome.locked;
    } else {
      return 1;
    }
  }
  return 0;
}

class CreateRace : public testing::TestWithParam<bool> {};

TEST_P(CreateRace, HasExactlyOneWinner) {
  const bool waiting = GetParam();
  const TempDir dir;
  // The root is made in the race as well.
  const auto store =
      open_local(dir / "new/root", {.durability = Durability::unsafe_on_power_cut}).value();
  const Shared<Race> race;
  std::vector<Child> children;
  for (long number = 0; number < racers; ++number) {
    children.emplace_back(
        [&] { return run_racer(store, *race, number, waiting ? Wait::forever() : Wait::never()); });
  }
  for (auto& child : children)
    EXPECT_EQ(child.wait(), 0);

  for (int round = 0; round < rounds; ++round) {
    const auto& outcome = race->outcomes[static_cast<std::size_t>(round)];
    ASSERT_EQ(outcome.winners, 1) << "round " << round;
    ASSERT_EQ(outcome.winners + outcome.already_exists + outcome.locked, racers);
    ASSERT_TRUE(!waiting || outcome.locked == 0);
    ASSERT_EQ(store.load(id_of_round(round))->document, numbered(outcome.winner));
  }
}

INSTANTIATE_TEST_SUITE_P(, CreateRace, testing::Bool(), [](const auto& parameter) {
  return std::string(parameter.param ? "Waiting" : "NotWaiting");
});

}  // namespace
}  // namespace latchfile::test
