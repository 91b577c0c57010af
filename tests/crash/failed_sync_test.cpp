// SPDX-License-Identifier: Apache-2.0
//
// Each fsync and fdatasync of each operation failing with EIO, with power cuts before and after.
//
// By the rules of crash/disk.hpp nothing that a failed sync was to write becomes durable by a later
// one. So a store that tries again, or that believes the next success, is caught.
//
// A limit that no library can lift: where the fsync that makes the name of a new root durable
// fails, whoever finds the root later cannot know. So the root is there from the start.
#include <gtest/gtest.h>

#include "crash/checker.hpp"

namespace latchfile::test {
namespace {

Setting setting() {
  return {"/root",
          {ContainerId::parse("web").value()},
          {document_of_size('a', 1100), document_of_size('b', 700)}};
}

/// The root without a container, and with one, both as a power cut leaves them.
std::vector<Disk> starts() {
  Checker checker(setting());
  const auto create = operations().front();
  auto present = checker.run(Disk(), create).end();
  present.sync_all();
  const auto destroy = unsynced_operations().back();
  auto absent = checker.run(present, destroy).end();
  absent.sync_all();
  EXPECT_TRUE(checker.violations().empty()) << summary(checker);
  return {present, absent};
}

/// Calls `visit(trial)` for each sync of each operation that is made to fail.
template <class Visit>
void for_each_failed_sync(Checker& checker, Visit visit) {
  for (const auto& start : starts()) {
    for (const auto& operation : operations()) {
      if (!checker.fits(start, operation)) continue;
      const std::size_t syncs = checker.run(start, operation).syncs;
      for (std::size_t nth = 1; nth <= syncs; ++nth) {
        SCOPED_TRACE(std::string(operation.name) + ", sync " + std::to_string(nth));
        visit(checker.run(start, operation, 0, nth));
      }
    }
  }
}

TEST(FailedSync, BeforeTheCommitChangesNothingAndAfterItNobodyKnows) {
  Checker checker(setting());
  std::size_t unknown = 0;
  for_each_failed_sync(checker, [&](const Checker::Trial& trial) {
    ASSERT_FALSE(trial.result);
    const bool is_unknown = trial.result.error().code == Errc::commit_unknown;
    EXPECT_TRUE(is_unknown || trial.result.error().code == Errc::io);
    // Before and after, and the checker knows that it is nothing else.
    EXPECT_EQ(trial.left.size(), is_unknown ? 2U : 1U) << trial.result.error().message();
    if (is_unknown) ++unknown;
  });
  // S5 of Create, twice of CreateAndSave, of Save and Update, and D2 of Destroy.
  EXPECT_EQ(unknown, 6U);
  EXPECT_TRUE(checker.violations().empty()) << summary(checker);
}

TEST(FailedSync, IsMadeGoodByTheNextOperation) {
  Checker checker(setting());
  std::size_t followed = 0;
  for_each_failed_sync(checker, [&](const Checker::Trial& trial) {
    for (const auto& next : operations()) {
      if (!checker.fits(trial.end(), next)) continue;
      EXPECT_TRUE(checker.run(trial.end(), next).result);
      ++followed;
    }
  });
  EXPECT_GE(followed, 40U);
  EXPECT_TRUE(checker.violations().empty()) << summary(checker);
}

/// What design.md advises after commit_unknown.
TEST(FailedSync, IsMadeGoodByAnotherSaveOfTheSameGuard) {
  const auto save_again = [](const Scene& scene) -> Result<> {
    auto state = scene.store.lock(scene.id(), Wait::never());
    if (!state) return std::unexpected(state.error());
    auto saved = state->save(scene.fresh);
    if (saved || saved.error().code != Errc::commit_unknown) return saved;
    saved = state->save(scene.fresh);
    if (saved) scene.promise(scene.which, Sighting::of(scene.fresh));
    return saved;
  };
  Checker checker(setting());
  constexpr std::size_t sync_of_root = 2;  // the first one is S3
  const auto trial = checker.run(
      starts().front(), {"SaveAgain", Sighting::Kind::document, save_again}, 0, sync_of_root);
  ASSERT_TRUE(trial.result) << trial.result.error().message();
  EXPECT_EQ(trial.syncs, 4U);
  EXPECT_EQ(trial.left.size(), 1U);
  EXPECT_TRUE(checker.violations().empty()) << summary(checker);
}

}  // namespace
}  // namespace latchfile::test
