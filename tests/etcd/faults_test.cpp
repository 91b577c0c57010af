// SPDX-License-Identifier: Apache-2.0
//
// Requests that come late or twice, answers that never come, and leases that end: what each leaves.
#include <csignal>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "etcd/envelope.hpp"
#include "etcd/requests.hpp"
#include "etcd/wire.hpp"
#include "support/code_of.hpp"
#include "support/child.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int trials = 50;

class EtcdFaults : public testing::Test {
 protected:
  EtcdServer& server = EtcdServer::shared();
  const std::string prefix = "/faults";
  const std::shared_ptr<Wire> wire = std::make_shared<Wire>(server);
  const Gateway::Timing timing{.attempt = 1000ms, .overall = 300ms, .pause = 5ms};
  const Store store = store_over(wire, server, prefix, 10s, timing);
  const Store other = store_over(std::make_shared<Wire>(server), server, prefix, 10s);
  const ContainerId web = id_of("web");

  void SetUp() override {
    const auto created = store.create(web, Wait::never(), numbered(0));
    ASSERT_TRUE(created) << created.error().message();
  }
  void TearDown() override {
    wire->decide(Fate::pass);
    auto state = other.lock(web, Wait::at_most(20s));
    if (state) {
      EXPECT_TRUE(std::move(*state).destroy());
    }
    EXPECT_THAT(server.keys(prefix), IsEmpty());
  }
  /// Ends the lease, and with it the lock, as etcd does once it has heard nothing for long enough.
  void end_lease_of(const Delivered& acquire) const {
    const auto at = acquire.body.find("\"lease\":\"") + 9;
    const auto lease = acquire.body.substr(at, acquire.body.find('"', at) - at);
    wire->deliver_again({std::string(request::path::revoke), "{\"ID\":\"" + lease + "\"}"});
  }
  /// As whoever is in another thread, which may so have what this one waits for.
  [[nodiscard]] Result<LockedState> lock_elsewhere() const {
    return std::async(std::launch::async, [&] { return other.lock(web, Wait::at_most(20s)); })
        .get();
  }
  /// What others do after the first look at the keys, and before the lock key is put.
  void just_before_an_acquire(const std::function<void()>& others) const {
    wire->decide([others, done = false](const Delivered& request) mutable {
      if (request.is_acquire() && !std::exchange(done, true)) others();
      return Fate::pass;
    });
  }
  [[nodiscard]] std::string stored() const {
    const auto found = other.load(web);
    return found ? std::to_string(number_in(found->document).value_or(-1))
                 : std::string(to_string(found.error().code));
  }
};

using LostAnswer = EtcdFaults;
using LateDuplicate = EtcdFaults;
using LostLease = EtcdFaults;

TEST_F(LostAnswer, ToAnAcquireStillGivesTheLock) {
  wire->once(Fate::lose_answer, &Delivered::is_acquire);
  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_THAT(wire->delivered(&Delivered::is_acquire), SizeIs(3)) << "one is of the create";
  EXPECT_TRUE(state->save(numbered(1)));
  EXPECT_EQ(stored(), "1");
}

TEST_F(LostAnswer, ToASaveIsFoundOutByTheNextAttempt) {
  auto state = store.lock(web, Wait::never());
  for (int i = 1; i <= 3; ++i) {
    wire->once(Fate::lose_answer, &Delivered::is_save);
    const auto saved = state->save(numbered(i));
    EXPECT_TRUE(saved) << saved.error().message();
    EXPECT_EQ(stored(), std::to_string(i));
  }
}

TEST_F(LostAnswer, ToADestroyIsFoundOutByTheNextAttempt) {
  auto state = store.lock(web, Wait::never());
  wire->once(Fate::lose_answer, &Delivered::is_destroy);
  const auto destroyed = std::move(*state).destroy();
  EXPECT_TRUE(destroyed) << destroyed.error().message();
  EXPECT_EQ(stored(), "not_found");
}

// Whatever our clock says of the lease: etcd has ended it, and somebody else was there since.
TEST_F(LostAnswer, ToADestroyIsNotTakenForOneOfSomebodyElse) {
  auto state = store.lock(web, Wait::never());
  const auto acquire = wire->delivered(&Delivered::is_acquire).back();
  int destroys = 0;
  wire->decide([&](const Delivered& request) {
    if (!request.is_destroy()) return Fate::pass;
    if (++destroys == 1) return Fate::lose_request;
    end_lease_of(acquire);
    EXPECT_TRUE(other.lock(web, Wait::never()).value().destroy());
    return Fate::pass;
  });
  EXPECT_EQ(code_of(std::move(*state).destroy()), "commit_unknown");
  EXPECT_EQ(destroys, 2);
}

TEST_F(LostAnswer, ForGoodIsACommitThatIsUnknownAndTheNextSaveFindsOut) {
  for (const auto fate : {Fate::lose_answer, Fate::lose_request}) {
    auto state = store.lock(web, Wait::never());
    ASSERT_TRUE(state->save(numbered(1)));
    for (int again = 0; again < 2; ++again) {
      wire->decide([fate](const Delivered& request) {
        return request.is_save() || request.path == request::path::txn ? fate : Fate::pass;
      });
      const auto saved = state->save(numbered(2 + again));
      EXPECT_EQ(code_of(saved), "commit_unknown");
      EXPECT_THAT(saved.error().message(), HasSubstr("save web: it may have been saved or may yet "
                                                     "be: etcd at "));
    }
    EXPECT_EQ(stored(), fate == Fate::lose_answer ? "2" : "1");
    wire->decide(Fate::pass);
    const auto saved = state->save(numbered(4));
    EXPECT_TRUE(saved) << saved.error().message();
    EXPECT_EQ(stored(), "4");
  }
}

TEST_F(LostAnswer, ToASaveThatIsRefusedTheNextTimeIsLookedFor) {
  const Store patient = store_over(wire, server, prefix, 10s);
  auto state = patient.lock(web, Wait::never());
  for (const auto fate : {Fate::lose_answer, Fate::lose_request}) {
    int saves = 0;
    wire->decide([&](const Delivered& request) {
      if (!request.is_save()) return Fate::pass;
      return ++saves == 1 ? fate : Fate::no_space;
    });
    EXPECT_EQ(code_of(state->save(numbered(1))),
              fate == Fate::lose_answer ? "success" : "commit_unknown");
    EXPECT_EQ(saves, 2);
    EXPECT_EQ(stored(), fate == Fate::lose_answer ? "1" : "2");
    wire->decide(Fate::pass);
    EXPECT_TRUE(state->save(numbered(2)));
  }
}

// It was there, and somebody else has destroyed it since: that it is absent does not tell.
TEST_F(LostAnswer, ToACreateOfWhatIsGoneByThenIsACommitThatIsUnknown) {
  const auto db = id_of("db");
  auto vacancy = store.lock_for_new(db, Wait::never());
  ASSERT_TRUE(vacancy) << vacancy.error().message();
  const auto acquire = wire->delivered(&Delivered::is_acquire).back();
  int saves = 0;
  wire->decide([&](const Delivered& request) {
    if (!request.is_save()) return Fate::pass;
    if (++saves == 1) return Fate::lose_answer;
    end_lease_of(acquire);
    EXPECT_TRUE(other.lock(db, Wait::never()).value().destroy());
    return Fate::pass;
  });
  const auto created = std::move(*vacancy).create(numbered(1));
  EXPECT_EQ(code_of(created), "commit_unknown");
  EXPECT_EQ(saves, 2);
}

TEST_F(LostAnswer, OfEveryKindLeavesNoLockBehind) {
  wire->decide(Fate::lose_answer);
  EXPECT_EQ(code_of(store.lock(web, Wait::never())), "unavailable");
  EXPECT_EQ(code_of(store.load(web)), "unavailable");
  EXPECT_EQ(code_of(store.list()), "unavailable");
  wire->decide([](const Delivered& request) {
    return request.is_acquire() ? Fate::lose_answer : Fate::pass;
  });
  EXPECT_EQ(code_of(store.lock(web, Wait::never())), "unavailable");
  EXPECT_TRUE(other.lock(web, Wait::never())) << "the lease was revoked";
}

// The fence of the lock alone does not stop this.
TEST_F(LateDuplicate, OfASaveUndoesNoLaterOne) {
  for (int trial = 0; trial < trials; ++trial) {
    auto state = store.lock(web, Wait::never());
    ASSERT_TRUE(state->save(numbered(1)));
    const auto first = wire->delivered(&Delivered::is_save).back();
    ASSERT_TRUE(state->save(numbered(2)));
    wire->deliver_again(first);
    ASSERT_EQ(stored(), "2");
    ASSERT_TRUE(state->save(numbered(3)));
    wire->deliver_again(first);
    ASSERT_EQ(stored(), "3");
  }
}

TEST_F(LateDuplicate, OfAnAcquireBringsNoLockBack) {
  for (int trial = 0; trial < trials; ++trial) {
    ASSERT_TRUE(store.lock(web, Wait::never()));
    const auto acquire = wire->delivered(&Delivered::is_acquire).back();
    EXPECT_THAT(wire->deliver_again(acquire), HasSubstr("lease not found"));
    const auto next = other.lock(web, Wait::never());
    ASSERT_TRUE(next) << next.error().message();
  }
}

TEST_F(LateDuplicate, OfADestroyRemovesNoLaterContainer) {
  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(std::move(*state).destroy());
  const auto destroy = wire->delivered(&Delivered::is_destroy).back();
  ASSERT_TRUE(other.create(web, Wait::never(), numbered(7)));
  wire->deliver_again(destroy);
  EXPECT_EQ(stored(), "7");
  const auto held = other.lock(web, Wait::never());
  wire->deliver_again(destroy);
  EXPECT_EQ(stored(), "7");
}

TEST_F(LateDuplicate, OfAHolderBeforeUsWritesNothing) {
  std::vector<Delivered> saves;
  {
    auto state = store.lock(web, Wait::never());
    ASSERT_TRUE(state->save(numbered(1)));
  }
  auto next = other.lock(web, Wait::never());
  ASSERT_TRUE(next->save(numbered(2)));
  for (const auto& save : wire->delivered(&Delivered::is_save))
    wire->deliver_again(save);
  EXPECT_EQ(stored(), "2");
  EXPECT_TRUE(next->save(numbered(3)));
}

TEST_F(LostLease, IsSeenByOurOwnClockWhileNothingCanBeSent) {
  const Store brief = store_over(wire, server, prefix, 1s, timing);
  auto state = brief.lock(web, Wait::never());
  ASSERT_TRUE(state->save(numbered(1)));
  EXPECT_GT(state->held_until(), std::chrono::steady_clock::now());
  wire->decide(Fate::lose_request);
  // Whoever waits gets the lock once etcd has given it up, and we know by then.
  auto next = lock_elsewhere();
  ASSERT_TRUE(next) << next.error().message();
  EXPECT_LT(state->held_until(), std::chrono::steady_clock::now());
  const auto before = wire->count(request::path::txn);
  EXPECT_EQ(code_of(state->save(numbered(2))), "lock_lost");
  EXPECT_EQ(code_of(std::move(*state).destroy()), "lock_lost");
  EXPECT_EQ(wire->count(request::path::txn), before) << "nothing is sent any more";
  EXPECT_EQ(stored(), "1");
  EXPECT_TRUE(next->save(numbered(3)));
}

TEST_F(LostLease, IsKeptAsLongAsItsHolderLives) {
  const Store brief = store_over(wire, server, prefix, 1s, timing);
  auto state = brief.lock(web, Wait::never());
  // Three of them are more than a time to live.
  const auto held_until = state->held_until();
  EXPECT_TRUE(eventually([&] { return wire->count(request::path::keepalive) >= 7; }));
  EXPECT_GT(state->held_until(), held_until);
  EXPECT_TRUE(state->save(numbered(1)));
  EXPECT_EQ(code_of(other.lock(web, Wait::never())), "deadlock");
}

TEST_F(LostLease, OfAHolderThatWasKilledFreesTheLock) {
  Child holder([&] {
    const Store brief = store_over(std::make_shared<Wire>(server), server, prefix, 1s, timing);
    const auto state = brief.lock(web, Wait::never());
    while (state)
      pause();
    return 1;
  });
  ASSERT_TRUE(eventually([&] { return other.locks()->size() == 1; }));
  EXPECT_EQ(other.locks()->front().pid, holder.pid());
  EXPECT_EQ(code_of(other.lock(web, Wait::never())), "locked");
  holder.signal(SIGKILL);
  holder.wait();
  EXPECT_TRUE(other.lock(web, Wait::at_most(20s)));
}

TEST_F(LostLease, ThatSomebodyRevokedIsFoundByTheFence) {
  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state->save(numbered(1)));
  end_lease_of(wire->delivered(&Delivered::is_acquire).back());
  auto next = other.lock(web, Wait::never());
  ASSERT_TRUE(next) << next.error().message();
  EXPECT_EQ(code_of(state->save(numbered(2))), "lock_lost");
  EXPECT_EQ(stored(), "1");
  ASSERT_TRUE(next->save(numbered(3)));
  EXPECT_EQ(code_of(state->save(numbered(4))), "lock_lost");
  EXPECT_EQ(code_of(std::move(*state).destroy()), "lock_lost");
  EXPECT_EQ(stored(), "3");
}

TEST_F(LostLease, ThatSomebodyRevokedRemovesNothing) {
  auto state = store.lock(web, Wait::never());
  end_lease_of(wire->delivered(&Delivered::is_acquire).back());
  auto next = other.lock(web, Wait::never());
  ASSERT_TRUE(next) << next.error().message();
  EXPECT_EQ(code_of(std::move(*state).destroy()), "lock_lost");
  EXPECT_EQ(stored(), "0");
  EXPECT_TRUE(next->save(numbered(1)));
}

TEST_F(LostLease, DoesNotMatterToWhoOnlyReads) {
  const auto state = store.lock(web, Wait::never());
  server.put(Keys(prefix).lock(id_of("strange")), "not JSON");
  const auto locks = other.locks().value();
  ASSERT_EQ(locks.size(), 2U);
  EXPECT_EQ(locks[0].id, id_of("strange"));
  EXPECT_EQ(locks[0].pid, 0);
  const auto busy = other.lock_for_new(id_of("strange"), Wait::never());
  EXPECT_THAT(busy.error().message(), HasSubstr("held by somebody who does not say who it is"));
  server.remove(Keys(prefix).lock(id_of("strange")));
}

// It looks for room before it carries a request out, and once more after.
TEST_F(EtcdFaults, ASaveThatAFullEtcdHasMadeAllTheSameIsOne) {
  auto state = store.lock(web, Wait::never());
  for (int i = 1; i <= 2; ++i) {
    wire->once(Fate::say_full, &Delivered::is_save);
    const auto saved = state->save(numbered(i));
    EXPECT_TRUE(saved) << saved.error().message();
    EXPECT_EQ(stored(), std::to_string(i));
  }
}

TEST_F(EtcdFaults, AStateThatIsChangedWithoutItsLockIsNotOverwritten) {
  auto state = store.lock(web, Wait::never());
  server.put(Keys(prefix).state(web), envelope::seal(envelope::new_id(), numbered(5).bytes()));
  const auto saved = state->save(numbered(1));
  EXPECT_EQ(code_of(saved), "lock_lost");
  EXPECT_THAT(saved.error().message(), HasSubstr("who did not hold it"));
  EXPECT_EQ(code_of(std::move(*state).destroy()), "lock_lost");
  EXPECT_EQ(stored(), "5");
}

TEST_F(EtcdFaults, ALockThatIsReleasedBeforeTheWaitForItIsNotWaitedFor) {
  const Store patient = store_over(wire, server, prefix, 10s);
  std::optional held(lock_elsewhere());
  ASSERT_TRUE(*held) << held->error().message();
  wire->after_next(request::path::txn, [&] { held.reset(); });
  const auto state = patient.lock(web, Wait::at_most(5s));
  EXPECT_TRUE(state) << state.error().message();
}

TEST_F(EtcdFaults, AnAcquireThatComesSecondGetsNothing) {
  std::optional<Result<LockedState>> held;
  just_before_an_acquire([&] { held = lock_elsewhere(); });
  EXPECT_EQ(code_of(store.lock(web, Wait::never())), "locked");
  EXPECT_TRUE((*held)->save(numbered(1)));
  held.reset();

  just_before_an_acquire([&] { EXPECT_TRUE(other.lock(web, Wait::never()).value().destroy()); });
  EXPECT_EQ(code_of(store.lock(web, Wait::never())), "not_found");

  just_before_an_acquire([&] { EXPECT_TRUE(other.create(web, Wait::never(), numbered(7))); });
  EXPECT_EQ(code_of(store.lock_for_new(web, Wait::never())), "already_exists");
  EXPECT_EQ(stored(), "7");
}

}  // namespace
}  // namespace latchfile::test
