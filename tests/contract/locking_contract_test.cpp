// SPDX-License-Identifier: Apache-2.0
#include "contract/contract.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <thread>
#include <unistd.h>

#include "support/child.hpp"

namespace latchfile::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr auto short_wait = Wait::at_most(20ms);

class Locking : public Contract {
 protected:
  /// What `operation` returns in a thread that holds no lock.
  template <class Operation>
  static auto elsewhere(Operation operation) {
    return std::async(std::launch::async, std::move(operation)).get();
  }

  [[nodiscard]] std::string try_lock(const ContainerId& id, Wait wait) const {
    return elsewhere([&] { return code_of(store.lock(id, wait)); });
  }
  [[nodiscard]] std::string try_lock_for_new(const ContainerId& id, Wait wait) const {
    return elsewhere([&] { return code_of(store.lock_for_new(id, wait)); });
  }
};

TEST_P(Locking, EitherGuardExcludesBoth) {
  create(web);
  const auto state = store.lock(web, Wait::never());
  EXPECT_EQ(try_lock(web, Wait::never()), "locked");
  EXPECT_EQ(try_lock_for_new(web, Wait::never()), "locked");
  const auto vacancy = store.lock_for_new(in_pod, Wait::never());
  EXPECT_EQ(try_lock_for_new(in_pod, Wait::never()), "locked");
  // Nothing is there to be locked, whoever is about to create it.
  EXPECT_EQ(try_lock(in_pod, Wait::never()), "not_found");
}

TEST_P(Locking, OfOneIdLeavesTheOthersAlone) {
  create(web);
  create(id_of("pod2/web"));
  const auto state = store.lock(web, Wait::never());
  const auto vacancy = store.lock_for_new(in_pod, Wait::never());
  EXPECT_EQ(try_lock(id_of("pod2/web"), Wait::never()), "success");
  EXPECT_EQ(try_lock_for_new(id_of("web2"), Wait::never()), "success");
}

TEST_P(Locking, GivesUpAfterTheTimeItWasGiven) {
  create(web);
  const auto state = store.lock(web, Wait::never());
  const auto vacancy = store.lock_for_new(in_pod, Wait::never());
  EXPECT_EQ(try_lock(web, short_wait), "timed_out");
  EXPECT_EQ(try_lock_for_new(in_pod, short_wait), "timed_out");
  EXPECT_EQ(try_lock(web, Wait::at_most(0ms)), "locked");
  EXPECT_EQ(try_lock(web, Wait::at_most(-1ms)), "locked");
}

TEST_P(Locking, ABusyLockNamesItsHolder) {
  create(web);
  const auto state = store.lock(web, Wait::never());
  for (const auto wait : {Wait::never(), short_wait}) {
    const auto message = elsewhere([&] { return store.lock(web, wait).error().message(); });
    EXPECT_THAT(message, HasSubstr("lock web: "));
    EXPECT_THAT(message, HasSubstr("held by pid " + std::to_string(getpid()) + " ("));
  }
}

TEST_P(Locking, OfWhatThisThreadHoldsIsAnErrorAtOnce) {
  create(web);
  const auto state = store.lock(web, Wait::never());
  const auto vacancy = store.lock_for_new(in_pod, Wait::never());
  const auto other = fixture->open();
  for (const auto wait : {Wait::never(), Wait::at_most(1h), Wait::forever()}) {
    EXPECT_EQ(code_of(store.lock(web, wait)), "deadlock");
    EXPECT_EQ(code_of(other.lock(web, wait)), "deadlock");
    EXPECT_EQ(code_of(other.lock_for_new(web, wait)), "deadlock");
    EXPECT_EQ(code_of(other.lock_for_new(in_pod, wait)), "deadlock");
  }
}

TEST_P(Locking, WaitsUntilTheLockIsReleased) {
  create(web, numbered(1));
  for (const auto wait : {Wait::at_most(1h), Wait::forever()}) {
    auto state = store.lock(web, Wait::never());
    std::atomic<pid_t> waiter = 0;
    auto seen = std::async(std::launch::async, [&, other = fixture->open()] {
      waiter = gettid();
      return number_in(other.lock(web, wait).value().current().document);
    });
    ASSERT_TRUE(eventually([&] { return waiter != 0 && is_sleeping(waiter); }));
    EXPECT_EQ(seen.wait_for(0s), std::future_status::timeout);
    ASSERT_TRUE(state->save(numbered(2)));
    {
      const auto released = std::move(*state);
    }
    EXPECT_EQ(seen.get(), 2) << "it reads after it got the lock";
  }
}

TEST_P(Locking, AWaiterFindsThatTheContainerWasDestroyed) {
  create(web);
  auto state = store.lock(web, Wait::never());
  std::atomic<pid_t> waiter = 0;
  auto ended = std::async(std::launch::async, [&] {
    waiter = gettid();
    return code_of(store.lock(web, Wait::forever()));
  });
  ASSERT_TRUE(eventually([&] { return waiter != 0 && is_sleeping(waiter); }));
  ASSERT_TRUE(std::move(*state).destroy());
  EXPECT_EQ(ended.get(), "not_found");
  EXPECT_THAT(fixture->inventory(), IsEmpty());
}

TEST_P(Locking, AWaitingCreatorFindsThatAnotherWasFaster) {
  auto vacancy = store.lock_for_new(web, Wait::never());
  std::atomic<pid_t> waiter = 0;
  auto ended = std::async(std::launch::async, [&] {
    waiter = gettid();
    return code_of(store.lock_for_new(web, Wait::forever()));
  });
  ASSERT_TRUE(eventually([&] { return waiter != 0 && is_sleeping(waiter); }));
  {
    const auto state = std::move(*vacancy).create(numbered(1));
  }
  EXPECT_EQ(ended.get(), "already_exists");
  EXPECT_EQ(stored(web), numbered(1).bytes());
}

// I6.
TEST_P(Locking, BlocksNoReader) {
  create(web, numbered(1));
  auto state = store.lock(web, Wait::never());
  const auto vacancy = store.lock_for_new(in_pod, Wait::never());
  // In the thread that holds the locks as in another: a reader that took one would hang or fail
  // here.
  const auto read = [&] {
    const auto other = fixture->open();
    EXPECT_EQ(number_in(other.load(web, Wait::forever())->document), 1);
    EXPECT_EQ(code_of(other.load(in_pod, Wait::forever())), "not_found");
    EXPECT_THAT(texts(other.list()), ElementsAre("web"));
    EXPECT_EQ(other.load_all()->size(), 1U);
    EXPECT_EQ(other.resolve("we")->text(), "web");
    EXPECT_EQ(other.locks()->size(), 2U);
    return 0;
  };
  read();
  elsewhere(read);
}

TEST_P(Locking, TellsWhoHoldsWhat) {
  create(web);
  EXPECT_THAT(store.locks().value(), IsEmpty());
  const auto state = store.lock(web, Wait::never());
  const auto vacancy = store.lock_for_new(in_pod, Wait::never());
  const auto holders = fixture->open().locks().value();
  ASSERT_EQ(holders.size(), 2U);
  EXPECT_EQ(holders[0].id, in_pod);
  EXPECT_EQ(holders[1].id, web);
  for (const auto& holder : holders) {
    EXPECT_EQ(holder.pid, getpid());
    EXPECT_FALSE(holder.command.empty());
  }
}

TEST_P(Locking, AGuardInheritedThroughForkIsInert) {
  create(web, numbered(1));
  auto state = store.lock(web, Wait::never());
  auto vacancy = store.lock_for_new(in_pod, Wait::never());
  const auto before = fixture->inventory();
  Child child([&] {
    const bool refused = code_of(state->save(numbered(2))) == "lock_lost" &&
                         code_of(std::move(*vacancy).create(numbered(2))) == "lock_lost" &&
                         code_of(std::move(*state).destroy()) == "lock_lost";
    return refused ? 0 : 1;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(stored(web), numbered(1).bytes());
  EXPECT_EQ(fixture->inventory(), before);
  EXPECT_EQ(try_lock(web, Wait::never()), "locked");
  EXPECT_EQ(try_lock_for_new(in_pod, Wait::never()), "locked");
  EXPECT_TRUE(state->save(numbered(3)));
}

// I1.
TEST_P(Locking, LosesNoIncrementOfManyThreads) {
  constexpr int threads = 8;
  constexpr int increments = 25;
  create(web);
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < threads; ++i) {
      workers.emplace_back([&, other = fixture->open()] {
        for (int n = 0; n < increments; ++n) {
          const auto updated = other.update(web, Wait::forever(), increment);
          ASSERT_TRUE(updated) << updated.error().message();
        }
      });
    }
  }
  EXPECT_EQ(number_in(store.load(web)->document), threads * increments);
}

// I5.
TEST_P(Locking, LetsExactlyOneOfManyCreatorsWin) {
  constexpr int threads = 8;
  constexpr int rounds = 20;
  for (int round = 0; round < rounds; ++round) {
    const auto id = id_of("pod1/c" + std::to_string(round));
    std::latch start(threads);
    std::atomic<int> winners = 0;
    std::atomic<long> winner = -1;
    {
      std::vector<std::jthread> creators;
      for (long i = 0; i < threads; ++i) {
        creators.emplace_back([&, i, other = fixture->open()] {
          start.arrive_and_wait();
          const auto created = other.create(id, Wait::forever(), numbered(i));
          if (created) {
            ++winners;
            winner = i;
          } else {
            EXPECT_EQ(code_of(created), "already_exists") << created.error().message();
          }
        });
      }
    }
    ASSERT_EQ(winners, 1);
    EXPECT_EQ(stored(id), numbered(winner).bytes());
  }
}

LATCHFILE_CONTRACT(Locking);

}  // namespace
}  // namespace latchfile::test
