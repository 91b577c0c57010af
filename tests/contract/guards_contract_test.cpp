// SPDX-License-Identifier: Apache-2.0
#include "contract/contract.hpp"

#include <optional>
#include <thread>

namespace latchfile::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Fault = StoreFixture::Fault;

class Guards : public Contract {};

TEST_P(Guards, GoThroughALife) {
  auto vacancy = store.lock_for_new(in_pod, Wait::never());
  ASSERT_TRUE(vacancy) << vacancy.error().message();
  EXPECT_EQ(vacancy->id(), in_pod);
  EXPECT_EQ(stored(in_pod), "not_found");

  auto state = std::move(*vacancy).create(numbered(1));
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(state->id(), in_pod);
  EXPECT_EQ(state->current().document, numbered(1));
  EXPECT_EQ(stored(in_pod), numbered(1).bytes());
  EXPECT_EQ(code_of(fixture->open().lock(in_pod, Wait::never())), "deadlock");

  ASSERT_TRUE(state->save(numbered(2)));
  EXPECT_EQ(state->current().document, numbered(2));
  EXPECT_EQ(stored(in_pod), numbered(2).bytes());

  ASSERT_TRUE(std::move(*state).destroy());
  EXPECT_EQ(stored(in_pod), "not_found");
  EXPECT_THAT(texts(store.list()), IsEmpty());
  EXPECT_THAT(fixture->inventory(), IsEmpty());
}

TEST_P(Guards, OfOneHandleAreSeenByTheOthers) {
  auto other = fixture->open();
  create(web, numbered(1));
  EXPECT_EQ(number_in(other.load(web)->document), 1);
  ASSERT_TRUE(other.update(web, Wait::never(), increment));
  EXPECT_EQ(stored(web), numbered(2).bytes());
}

TEST_P(Guards, AVacancyThatIsDroppedLeavesNoTrace) {
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(store.lock_for_new(web, Wait::never()));
    EXPECT_THAT(fixture->inventory(), IsEmpty());
  }
  EXPECT_EQ(code_of(store.lock(web, Wait::never())), "not_found");
}

TEST_P(Guards, AVacancyThatIsAssignedLetsGoOfTheIdItHad) {
  auto vacancy = store.lock_for_new(web, Wait::never());
  ASSERT_TRUE(vacancy);
  vacancy = store.lock_for_new(in_pod, Wait::never());
  ASSERT_TRUE(vacancy);
  EXPECT_EQ(vacancy->id(), in_pod);
  EXPECT_TRUE(store.lock_for_new(web, Wait::never()));
  EXPECT_EQ(code_of(store.lock_for_new(in_pod, Wait::never())), "deadlock");
}

TEST_P(Guards, CreateRefusesWhatExistsAndTouchesNothing) {
  create(web, numbered(1));
  const auto before = fixture->inventory();
  EXPECT_EQ(code_of(store.lock_for_new(web, Wait::never())), "already_exists");
  EXPECT_EQ(code_of(store.create(web, Wait::never(), numbered(2))), "already_exists");
  EXPECT_EQ(stored(web), numbered(1).bytes());
  EXPECT_EQ(fixture->inventory(), before);
}

TEST_P(Guards, CreateAfterDestroyBeginsAnew) {
  for (long round = 1; round <= 3; ++round) {
    create(web, numbered(round));
    EXPECT_EQ(stored(web), numbered(round).bytes());
    auto state = store.lock(web, Wait::never());
    ASSERT_TRUE(std::move(*state).destroy());
    EXPECT_EQ(code_of(store.lock(web, Wait::never())), "not_found");
  }
}

TEST_P(Guards, AreFreeOnceDropped) {
  create(web);
  for (int round = 0; round < 3; ++round)
    ASSERT_TRUE(store.lock(web, Wait::never()));
}

TEST_P(Guards, OutliveTheStore) {
  create(web, numbered(1));
  std::optional<Store> passing = fixture->open();
  auto state = passing->lock(web, Wait::never());
  auto vacancy = passing->lock_for_new(in_pod, Wait::never());
  passing.reset();

  ASSERT_TRUE(state->save(numbered(2)));
  EXPECT_EQ(stored(web), numbered(2).bytes());
  ASSERT_TRUE(std::move(*vacancy).create(numbered(3)));
  EXPECT_EQ(stored(in_pod), numbered(3).bytes());
  ASSERT_TRUE(std::move(*state).destroy());
  EXPECT_EQ(stored(web), "not_found");
}

TEST_P(Guards, MoveBetweenThreads) {
  create(web, numbered(1));
  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state);
  std::jthread([moved = std::move(*state)]() mutable {
    EXPECT_TRUE(moved.save(numbered(2)));
    EXPECT_TRUE(std::move(moved).destroy());
  }).join();
  EXPECT_EQ(stored(web), "not_found");
  create(web, numbered(3));
  EXPECT_TRUE(store.lock(web, Wait::never()));
}

TEST_P(Guards, AssignmentReleasesTheLockThatItReplaces) {
  create(web);
  create(in_pod);
  auto first = store.lock(web, Wait::never());
  auto second = store.lock(in_pod, Wait::never());
  *first = std::move(*second);
  EXPECT_EQ(first->id(), in_pod);
  EXPECT_TRUE(store.lock(web, Wait::never()));
  EXPECT_EQ(code_of(store.lock(in_pod, Wait::never())), "deadlock");
}

TEST_P(Guards, RequireComparesWithTheDocumentUnderTheLock) {
  create(web, numbered(1));
  const auto seen = store.load(web)->version();
  auto state = store.lock(web, Wait::never());
  EXPECT_TRUE(state->require(seen));
  ASSERT_TRUE(state->save(numbered(2)));
  const auto refused = state->require(seen);
  ASSERT_EQ(code_of(refused), "version_mismatch");
  EXPECT_THAT(refused.error().message(), testing::HasSubstr(seen.text()));
  EXPECT_TRUE(state->require(state->current().version()));
}

TEST_P(Guards, SeeTheDocumentAsItIsUnderTheLock) {
  create(web, numbered(1));
  const auto stale = store.load(web);
  ASSERT_TRUE(fixture->open().update(web, Wait::never(), increment));
  const auto state = store.lock(web, Wait::never());
  EXPECT_EQ(number_in(state->current().document), 2);
}

TEST_P(Guards, AFailedSaveChangesNothingAndTheNextOneWorks) {
  create(web, numbered(1));
  auto state = store.lock(web, Wait::never());
  const auto before = fixture->inventory();
  fixture->set_fault(Fault::before_commit);
  EXPECT_EQ(code_of(state->save(numbered(2))), "io");
  EXPECT_EQ(state->current().document, numbered(1));
  EXPECT_EQ(stored(web), numbered(1).bytes());
  EXPECT_EQ(fixture->inventory(), before);
  EXPECT_EQ(code_of(store.lock(web, Wait::never())), "deadlock") << "the lock is still held";

  fixture->set_fault(Fault::none);
  ASSERT_TRUE(state->save(numbered(3)));
  EXPECT_EQ(stored(web), numbered(3).bytes());
}

TEST_P(Guards, AFailedCreateLeavesTheIdFree) {
  create(in_pod);
  const auto before = fixture->inventory();
  fixture->set_fault(Fault::before_commit);
  EXPECT_EQ(code_of(store.create(web, Wait::never(), numbered(1))), "io");
  EXPECT_EQ(stored(web), "not_found");
  EXPECT_EQ(fixture->inventory(), before);
  fixture->set_fault(Fault::none);
  create(web, numbered(2));
  EXPECT_EQ(stored(web), numbered(2).bytes());
}

TEST_P(Guards, AnUncertainSaveIsVisibleAndCanBeRepeated) {
  create(web, numbered(1));
  auto state = store.lock(web, Wait::never());
  fixture->set_fault(Fault::after_commit);
  EXPECT_EQ(code_of(state->save(numbered(2))), "commit_unknown");
  EXPECT_EQ(state->current().document, numbered(2));
  EXPECT_EQ(stored(web), numbered(2).bytes());
  fixture->set_fault(Fault::none);
  ASSERT_TRUE(state->save(numbered(2)));
  EXPECT_EQ(stored(web), numbered(2).bytes());
}

TEST_P(Guards, AnUncertainCreateHasCreatedAndReleased) {
  create(in_pod);
  fixture->set_fault(Fault::after_commit);
  EXPECT_EQ(code_of(store.create(web, Wait::never(), numbered(1))), "commit_unknown");
  fixture->set_fault(Fault::none);
  EXPECT_EQ(stored(web), numbered(1).bytes());
  EXPECT_TRUE(store.lock(web, Wait::never()));
}

TEST_P(Guards, AnUncertainDestroyHasDestroyed) {
  create(in_pod);
  const auto before = fixture->inventory();
  create(web);
  auto state = store.lock(web, Wait::never());
  fixture->set_fault(Fault::after_commit);
  EXPECT_EQ(code_of(std::move(*state).destroy()), "commit_unknown");
  fixture->set_fault(Fault::none);
  EXPECT_EQ(stored(web), "not_found");
  EXPECT_EQ(fixture->inventory(), before);
}

TEST_P(Guards, UpdateReadsChangesAndSaves) {
  create(web, numbered(1));
  int calls = 0;
  const auto updated = store.update(web, Wait::never(), [&](const Snapshot& now) {
    ++calls;
    EXPECT_EQ(code_of(store.lock(web, Wait::never())), "deadlock") << "the lock is held";
    return increment(now);
  });
  ASSERT_TRUE(updated) << updated.error().message();
  EXPECT_EQ(updated->document, numbered(2));
  EXPECT_EQ(stored(web), numbered(2).bytes());
  EXPECT_EQ(calls, 1);
}

TEST_P(Guards, UpdateSavesNothingIfTheChangeFails) {
  create(web, numbered(1));
  const auto before = fixture->inventory();
  const auto updated = store.update(web, Wait::never(), [](const Snapshot&) {
    return Result<Document>(std::unexpected(Error{Errc::unsupported, 0, "changed my mind"}));
  });
  ASSERT_EQ(code_of(updated), "unsupported");
  EXPECT_EQ(updated.error().context, "changed my mind");
  EXPECT_EQ(stored(web), numbered(1).bytes());
  EXPECT_EQ(fixture->inventory(), before);
  EXPECT_TRUE(store.lock(web, Wait::never()));
}

TEST_P(Guards, UpdateReportsASaveThatFails) {
  create(web, numbered(1));
  fixture->set_fault(Fault::before_commit);
  EXPECT_EQ(code_of(store.update(web, Wait::never(), increment)), "io");
  EXPECT_EQ(stored(web), numbered(1).bytes());
}

LATCHFILE_CONTRACT(Guards);

}  // namespace
}  // namespace latchfile::test
