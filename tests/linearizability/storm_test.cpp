// SPDX-License-Identifier: Apache-2.0
//
// I1, I2, I3 for a crash of the process, and I5, of whole histories: whatever eight processes do,
// and whenever they are killed or stopped, each container behaves as if one process did it all in
// some order. LATCHFILE_STORM_OPERATIONS sets how long the longest storm is, LATCHFILE_STORM_SEED
// repeats what another one chose.
#include "linearizability/storm.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/numbered_document.hpp"
#include "latchfile/local.hpp"
#include "linearizability/broken.hpp"
#include "linearizability/tmpfs.hpp"
#include "support/blind_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

long number_from(const char* variable, long otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtol(text, nullptr, 10);
}

bool only_history_tells(const StormReport& report) {
  return report.overlaps == 0 && report.unexpected == 0 && !report.violations.empty();
}

class LinearizabilityStorm : public testing::Test {
 protected:
  const std::vector<ContainerId> ids{id_of("a"), id_of("pod1/b"), id_of("pod1/c")};
  const unsigned seed = static_cast<unsigned>(
      number_from("LATCHFILE_STORM_SEED", static_cast<long>(std::random_device()())));

  [[nodiscard]] StormReport blow_over(const Store& store, long operations) const {
    const auto begin = std::chrono::steady_clock::now();
    auto report = blow(store, ids, {.operations = operations, .seed = seed});
    const auto took = std::chrono::steady_clock::now() - begin;
    std::cout << report.operations << " operations, " << report.kills << " kills, " << report.stops
              << " stops, " << report.interrupted << " changes interrupted, " << report.entered
              << " guards, " << report.overlaps << " overlaps, " << report.unexpected
              << " unexpected, " << report.violations.size() << " violations in "
              << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
    return report;
  }

  void expect_clean(const StormReport& report) const {
    EXPECT_EQ(report.overlaps, 0) << "seed " << seed;
    EXPECT_EQ(report.unexpected, 0) << report.first_unexpected << ", seed " << seed;
    EXPECT_THAT(report.violations, testing::IsEmpty()) << "seed " << seed;
    // It was a storm, and a history.
    EXPECT_GT(report.kills, 0);
    EXPECT_GT(report.stops, 0);
    EXPECT_GT(report.interrupted, 0) << "no kill came in the middle of a change";
    EXPECT_GT(report.entered, report.operations / 10);
    for (const auto length : report.lengths) {
      EXPECT_GT(length, static_cast<std::size_t>(report.operations) / 10);
    }
  }

  /// I7: nothing but what docs/format.md names.
  void expect_known_names(const std::filesystem::path& root) const {
    EXPECT_THAT(
        names_in(root),
        testing::Each(testing::MatchesRegex("(a|[bc]_sandbox:pod1)\\.(state|lock|state\\.tmp)")));
  }

  /// Whether one of a few storms, each over a new store, ends in a report like that.
  [[nodiscard]] bool finds(const std::function<bool(const StormReport&)>& wanted,
                           const std::function<Store(const std::string& root)>& open) const {
    constexpr int most_storms = 40;
    for (int storm = 0; storm < most_storms; ++storm) {
      const TempDir dir(tmpfs());
      if (wanted(blow_over(open(dir / "root"), 20'000))) return true;
    }
    return false;
  }
};

TEST_F(LinearizabilityStorm, LeavesAHistoryThatOneProcessCouldHaveMade) {
  const TempDir dir(tmpfs());
  const auto store =
      open_local(dir / "root", {.durability = Durability::unsafe_on_power_cut}).value();
  expect_clean(blow_over(store, number_from("LATCHFILE_STORM_OPERATIONS", 200'000)));
  expect_known_names(dir / "root");
}

TEST_F(LinearizabilityStorm, DoesSoWithFullDurability) {
  const TempDir dir;
  const auto store = open_local(dir / "root").value();
  expect_clean(blow_over(store, 4'000));
  expect_known_names(dir / "root");
}

TEST_F(LinearizabilityStorm, DoesSoWhereLockFilesAreKept) {
  const TempDir dir(tmpfs());
  const auto store = open_local(dir / "root", {.durability = Durability::unsafe_on_power_cut,
                                               .keep_lock_files = true})
                         .value();
  expect_clean(blow_over(store, 20'000));
}

// The same storm over stores that are broken, each in one way: it bites.

TEST_F(LinearizabilityStorm, FindsALockWithoutL3) {
  BlindKernel kernel;
  EXPECT_TRUE(finds([](const auto& report) { return report.overlaps > 0; },
                    [&](const auto& root) { return open_with(kernel, root); }));
}

TEST_F(LinearizabilityStorm, FindsTheUpdatesThatALockWithoutL3Loses) {
  BlindKernel kernel;
  EXPECT_TRUE(finds([](const auto& report) { return !report.violations.empty(); },
                    [&](const auto& root) { return open_with(kernel, root); }));
}

// A reader waits for a writer in place, as it would for gVisor's; one that was killed leaves half a
// document.
TEST_F(LinearizabilityStorm, FindsDocumentsThatAreWrittenInPlace) {
  InPlaceKernel kernel;
  EXPECT_TRUE(finds([](const auto& report) { return report.unexpected > 0; },
                    [&](const auto& root) { return open_with(kernel, root); }));
}

// The guards exclude each other in these two, so that only the history can tell.

TEST_F(LinearizabilityStorm, FindsASaveThatDoesNothingNowAndThen) {
  ForgetfulKernel kernel;
  EXPECT_TRUE(finds(only_history_tells, [&](const auto& root) { return open_with(kernel, root); }));
}

TEST_F(LinearizabilityStorm, FindsGuardsThatReadBeforeTheyLock) {
  EXPECT_TRUE(finds(only_history_tells, open_reading_early));
}

}  // namespace
}  // namespace latchfile::test
