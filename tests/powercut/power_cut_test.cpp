// SPDX-License-Identifier: Apache-2.0
//
// Power cuts under writers on real file systems: what returned is there, nothing is torn, and the
// store goes on (I2 and I3 for a power cut, I7). The same cuts do bite: without fsync they lose
// operations.
#include <atomic>
#include <csignal>
#include <random>
#include <sys/prctl.h>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latchfile/local.hpp"
#include "local/names.hpp"
#include "powercut/disk.hpp"
#include "powercut/ledger.hpp"
#include "powercut/rounds.hpp"
#include "process/shared.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using testing::IsEmpty;

class PowerCut : public OnDisk {
 protected:
  const Shared<Ledger> ledger;
  std::minstd_rand random{19700101};

  /// One round: mounts, has writers work for some operations, cuts the power under them and mounts
  /// what is left. Where this returns false the test has failed.
  [[nodiscard]] bool cut_under_writers(Disk& disk, const std::string& root,
                                       const LocalOptions& options) {
    ledger->reset();
    disk.mount();
    std::vector<Child> writers;
    for (std::size_t i = 0; i < Ledger::writers; ++i) {
      writers.emplace_back([&, i] {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        ledger->write(open_local(root, options).value(), i);
        return 0;
      });
    }
    const auto moment = static_cast<long>(random() % 60);
    const bool reached = eventually([&] { return ledger->operations >= moment; });
    EXPECT_TRUE(reached) << "the writers came to " << ledger->operations;
    ledger->cut = true;
    disk.cut_power();
    const bool ended = eventually([&] { return ledger->ended == Ledger::writers; });
    EXPECT_TRUE(ended) << "a writer hangs on a disk without power";
    EXPECT_EQ(ledger->failed_too_early, 0);
    writers.clear();
    disk.unmount();
    disk.mount();
    return reached && ended;
  }

  /// Whether all names are of the format and of containers that the writers had.
  static void expect_known_names(const std::string& root, const Store& store) {
    const auto listed = store.list();
    ASSERT_TRUE(listed) << listed.error().message();
    std::vector<std::string> known;
    std::vector<std::string> states;
    for (std::size_t i = 0; i < Ledger::containers; ++i) {
      const auto id = container_id(i);
      known.insert(known.end(), {names::state(id), names::lock(id), names::temp(id)});
    }
    for (const auto& name : names_in(root)) {
      EXPECT_THAT(known, testing::Contains(name));
      if (name.ends_with(names::state_suffix)) states.push_back(name);
    }
    std::vector<std::string> listed_states;
    for (const auto& id : *listed)
      listed_states.push_back(names::state(id));
    EXPECT_THAT(listed_states, testing::UnorderedElementsAreArray(states));
  }

  /// Whether every container can be saved or created and destroyed, which leaves an empty root:
  /// also of what the cut had left behind.
  static void expect_usable(const std::string& root) {
    const auto store = open_local(root, {.durability = Durability::unsafe_on_power_cut}).value();
    for (std::size_t i = 0; i < Ledger::containers; ++i) {
      const auto id = container_id(i);
      const auto created = store.create(id, Wait::never(), revision(1));
      EXPECT_TRUE(created || created.error().code == Errc::already_exists)
          << created.error().message();
      auto state = store.lock(id, Wait::never());
      ASSERT_TRUE(state) << state.error().message();
      EXPECT_TRUE(state->save(revision(2)));
      EXPECT_EQ(store.load(id, Wait::never())->document, revision(2));
      EXPECT_TRUE(std::move(*state).destroy());
    }
    EXPECT_THAT(names_in(root), IsEmpty());
  }
};

TEST_P(PowerCut, LosesNothingThatReturned) {
  Disk disk(GetParam());
  for (int round = 0; round < power_cuts() && !HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    // A new root each time: some cuts come while it is made.
    const auto root = disk.path() + "/root-" + std::to_string(round);
    ASSERT_TRUE(cut_under_writers(disk, root, {}));
    {
      // The store has the root open, and so has to go before the disk does.
      const auto store = open_local(root).value();
      EXPECT_THAT(ledger->faults(store), IsEmpty());
      if (std::filesystem::exists(root)) expect_known_names(root, store);
      expect_usable(root);
    }
    disk.unmount();
  }
}

// The checker and the cuts do bite.
TEST_P(PowerCut, LosesOperationsThatWereNotMadeDurable) {
  Disk disk(GetParam());
  std::size_t lost = 0;
  for (int round = 0; round < power_cuts() && lost == 0 && !HasFailure(); ++round) {
    const auto root = disk.path() + "/root-" + std::to_string(round);
    ASSERT_TRUE(cut_under_writers(disk, root, {.durability = Durability::unsafe_on_power_cut}));
    lost += ledger->faults(open_local(root).value()).size();
    disk.unmount();
  }
  EXPECT_GT(lost, 0U) << "the cuts come too late, or the checker sees nothing";
}

INSTANTIATE_TEST_SUITE_P(, PowerCut, testing::Values(Disk::Type::ext4, Disk::Type::xfs),
                         DiskName());

}  // namespace
}  // namespace latchfile::test
