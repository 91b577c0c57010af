// SPDX-License-Identifier: Apache-2.0
//
// Power cuts before every system call of every operation, with every disk that each may leave.
//
// Nothing is sampled, so that there is no seed: a violation says in which operation and before
// which call. The least numbers of disks and cuts are there so that a test which no longer cuts
// anything fails.
#include <algorithm>
#include <gtest/gtest.h>
#include <iostream>

#include "crash/checker.hpp"

namespace latchfile::test {
namespace {

ContainerId id_of(std::string_view text) { return ContainerId::parse(text).value(); }

/// Of three sectors and of two, so that tears land in between.
std::vector<Document> long_documents() {
  return {document_of_size('a', 1100), document_of_size('b', 700)};
}
/// Of one sector: whole, zeros, or empty.
std::vector<Document> short_documents() {
  return {document_of_size('a', 60), document_of_size('b', 40)};
}

/// Every disk without anything pending that operations on one id and power cuts can lead to.
std::vector<Disk> reachable(const Setting& setting) {
  Checker checker(setting);
  explore(checker, Disk());
  EXPECT_TRUE(checker.violations().empty()) << summary(checker);
  std::vector<Disk> disks;
  for (const auto* disk : checker.disks())
    disks.push_back(*disk);
  return disks;
}

void expect_sound(const Checker& checker, std::size_t least_disks, std::size_t least_cuts) {
  EXPECT_TRUE(checker.violations().empty()) << summary(checker);
  EXPECT_GE(checker.disks().size(), least_disks);
  EXPECT_GE(checker.cuts(), least_cuts);
  std::cout << checker.disks().size() << " disks after " << checker.cuts() << " power cuts\n";
}

/// Does every operation that fits.
void run_each(Checker& checker, const Disk& start, std::size_t which = 0) {
  for (const auto& operation : operations()) {
    if (checker.fits(start, operation, which)) checker.run(start, operation, which);
  }
}

/// Does one of `first_ones` and then another operation, without a power cut in between, so that the
/// second one begins with whatever the first one left pending.
void run_pairs(Checker& checker, const Disk& start, std::span<const Operation> first_ones,
               std::size_t first_id = 0, std::size_t second_id = 0) {
  for (const auto& first : first_ones) {
    if (!checker.fits(start, first, first_id)) continue;
    run_each(checker, checker.run(start, first, first_id).end(), second_id);
  }
}

bool was_met(const Checker& checker, const std::set<std::string>& names) {
  return std::ranges::any_of(checker.disks(), [&](const Disk* disk) {
    return names_in_root(checker.setting(), *disk) == names;
  });
}

class PowerCut : public testing::TestWithParam<const char*> {};

TEST_P(PowerCut, LeavesAWholeDocumentOnEveryDiskThatCanBeReached) {
  Checker checker({GetParam(), {id_of("web")}, long_documents()});
  explore(checker, Disk());
  expect_sound(checker, 80, 9'000);
  // Among the disks that operations began with were these.
  using Names = std::set<std::string>;
  EXPECT_TRUE(was_met(checker, Names{"web.lock"})) << "a lock file without a state";
  EXPECT_TRUE(was_met(checker, Names{"web.state.tmp"})) << "a temp file without a state";
  EXPECT_TRUE(was_met(checker, Names{"web.state"})) << "a state without a lock file";
  EXPECT_TRUE(was_met(checker, Names{"web.lock", "web.state", "web.state.tmp"})) << "a leftover";
}

/// Kills one process before each of its calls, which loses nothing, and then cuts the power during
/// the operation of another one.
TEST_P(PowerCut, AfterAKillAtAnyCallLosesNothing) {
  Checker checker({GetParam(), {id_of("web")}, short_documents()});
  const auto present = checker.run(Disk(), operations().front()).end();
  for (const auto& start : {Disk(), present}) {
    for (const auto& killed_in : operations()) {
      if (!checker.fits(start, killed_in)) continue;
      for (const auto& moment : checker.run(start, killed_in).moments)
        run_each(checker, moment);
    }
  }
  expect_sound(checker, 40, 4'000);
}

/// A destroy that is killed after D1 may not have waited for the disk. Whoever is told that there
/// is no state can count on it, also where others have removed the lock file that tells of the
/// killed.
TEST_P(PowerCut, AfterAKilledDestroyBringsNothingBackThatWasSaidToBeGone) {
  Checker checker({GetParam(), {id_of("web")}, short_documents()});
  const auto present = checker.run(Disk(), operations().front()).end();
  const auto& destroy =
      *std::ranges::find(operations(), std::string_view("Destroy"), &Operation::name);
  for (const auto& moment : checker.run(present, destroy).moments) {
    checker.run(moment, forced_destroy());
    for (const auto& between : operations()) {
      if (!checker.fits(moment, between)) continue;
      for (const auto& killed_again : checker.run(moment, between).moments)
        checker.run(killed_again, forced_destroy());
    }
  }
  expect_sound(checker, 20, 500);
}

INSTANTIATE_TEST_SUITE_P(Root, PowerCut, testing::Values("/root", "/var/lib/root"),
                         [](const auto& root) {
                           return std::string(root.param) == "/root" ? "WithParent"
                                                                     : "WithoutParents";
                         });

TEST(PowerCutAfter, AnotherOperation) {
  const Setting setting{"/root", {id_of("web")}, short_documents()};
  Checker checker(setting);
  for (const auto& start : reachable(setting))
    run_pairs(checker, start, operations());
  expect_sound(checker, 40, 17'000);
}

TEST(PowerCutAfter, AnOperationThatWasNotSynced) {
  const Setting setting{"/root", {id_of("web")}, short_documents()};
  Checker checker(setting);
  for (const auto& start : reachable(setting))
    run_pairs(checker, start, unsynced_operations());
  expect_sound(checker, 80, 25'000);
}

/// Whatever is pending of one container, what was promised of the other holds.
TEST(PowerCutAfter, AnOperationOnAnotherContainer) {
  const Setting setting{"/root", {id_of("web"), id_of("pod1/web")}, short_documents()};
  Checker checker(setting);
  const auto& create = operations().front();
  const auto& create_unsynced = unsynced_operations().front();
  for (const auto& start : {Disk(), checker.run(Disk(), create, 0).end()}) {
    run_pairs(checker, start, unsynced_operations(), 0, 1);
    for (const auto& of_other : {create, create_unsynced})
      run_pairs(checker, checker.run(start, of_other, 1).end(), unsynced_operations(), 0, 1);
  }
  expect_sound(checker, 1'400, 18'000);
}

TEST(PowerCutDuring, OperationsOnTwoContainersAtOnce) {
  const Setting setting{"/root", {id_of("web"), id_of("pod1/web")}, long_documents()};
  Checker checker(setting);
  Disk disk;
  for (const auto& operation : operations_on_all())
    disk = checker.run(disk, operation).end();
  expect_sound(checker, 70, 150);
}

}  // namespace
}  // namespace latchfile::test
