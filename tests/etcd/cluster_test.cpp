// SPDX-License-Identifier: Apache-2.0
//
// Members that are killed under writers: no increment that was confirmed is lost, and none is made
// twice.
#include <atomic>
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "etcd/cluster.hpp"
#include "latchfile/watch.hpp"
#include "process/shared.hpp"
#include "support/followed.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;

struct Tally {
  std::atomic<long> confirmed = 0;
  std::atomic<long> unknown = 0;  ///< may have been made
  std::atomic<long> lost = 0;     ///< of which etcd says that it was not made
};

void count(const Store& store, const ContainerId& id, const std::atomic<bool>& stop, Tally& tally) {
  while (!stop) {
    const auto updated = store.update(id, Wait::forever(), increment);
    if (updated) {
      ++tally.confirmed;
    } else if (updated.error().code == Errc::commit_unknown) {
      ++tally.unknown;
    } else {
      EXPECT_THAT(to_string(updated.error().code), testing::AnyOf("lock_lost", "unavailable"))
          << updated.error().message();
      ++tally.lost;
    }
  }
}

TEST(EtcdCluster, ThatLosesItsLeaderAgainAndAgainLosesNoIncrement) {
  constexpr int writers = 4;
  constexpr int kills = 4;
  constexpr long progress = 20;
  EtcdCluster cluster;
  const auto store = cluster.open();
  const auto shared = id_of("shared");
  ASSERT_TRUE(store.create(shared, Wait::never(), numbered(0)));
  auto watch = store.watch().value();
  std::atomic<bool> stop = false;
  Tally tally;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < writers; ++i)
      threads.emplace_back([&] { count(cluster.open({.ttl = 3s}), shared, stop, tally); });
    for (int kill = 0; kill < kills; ++kill) {
      const auto before = tally.confirmed.load();
      EXPECT_TRUE(eventually([&] { return tally.confirmed >= before + progress; }, 60s));
      std::optional<std::size_t> leader;
      EXPECT_TRUE(eventually([&] { return (leader = cluster.leader()).has_value(); }));
      cluster.kill(leader.value_or(0));
      const auto after = tally.confirmed.load();
      EXPECT_TRUE(eventually([&] { return tally.confirmed >= after + progress; }, 60s))
          << "after kill " << kill;
      cluster.start(leader.value_or(0));
    }
    stop = true;
  }
  const auto final = store.load(shared);
  ASSERT_TRUE(final) << final.error().message();
  const auto number = number_in(final->document).value_or(-1);
  EXPECT_GE(number, tally.confirmed);
  EXPECT_LE(number, tally.confirmed + tally.unknown);
  RecordProperty("confirmed", std::to_string(tally.confirmed));
  RecordProperty("unknown", std::to_string(tally.unknown));
  RecordProperty("lost", std::to_string(tally.lost));

  Followed followed;
  EXPECT_TRUE(eventually([&] {
    static_cast<void>(followed.take_all(watch));
    return followed.view() == view_of(store);
  })) << "a watch goes on at another member";
  EXPECT_EQ(followed.fault(), "");
}

TEST(EtcdCluster, GoesOnWhileAMemberIsStoppedAndWhenItIsBack) {
  constexpr long progress = 20;
  EtcdCluster cluster;
  const auto shared = id_of("shared");
  ASSERT_TRUE(cluster.open().create(shared, Wait::never(), numbered(0)));
  std::atomic<bool> stop = false;
  Tally tally;
  std::vector<std::jthread> writers;
  for (int i = 0; i < 2; ++i)
    writers.emplace_back([&] { count(cluster.open({.ttl = 3s}), shared, stop, tally); });
  const auto goes_on = [&] {
    const auto before = tally.confirmed.load();
    return eventually([&] { return tally.confirmed >= before + progress; }, 60s);
  };
  for (const std::size_t from_leader : {0U, 1U}) {
    std::optional<std::size_t> leader;
    EXPECT_TRUE(eventually([&] { return (leader = cluster.leader()).has_value(); }));
    const auto member = (leader.value_or(0) + from_leader) % EtcdCluster::size;
    cluster.signal(member, SIGSTOP);
    EXPECT_TRUE(goes_on()) << from_leader;
    cluster.signal(member, SIGCONT);
    EXPECT_TRUE(goes_on()) << from_leader;
  }
  stop = true;
  writers.clear();
  const auto final = cluster.open().load(shared);
  ASSERT_TRUE(final) << final.error().message();
  EXPECT_GE(number_in(final->document).value_or(-1), tally.confirmed);
}

// The kernel stops a holder, and nobody tells it for how long.
TEST(EtcdCluster, RefusesTheSaveOfAHolderThatWakesUpAfterItsLock) {
  EtcdCluster cluster;
  const auto web = id_of("web");
  const auto store = cluster.open({.ttl = 2s});
  ASSERT_TRUE(store.create(web, Wait::never(), numbered(1)));
  struct Talk {
    std::atomic<bool> holds = false;
    std::atomic<bool> may_save = false;
    std::atomic<int> answer = -1;
  };
  const Shared<Talk> talk;
  Child holder([&] {
    auto state = store.lock(web, Wait::never());
    if (!state) return 1;
    talk->holds = true;
    if (!eventually([&] { return talk->may_save.load(); }, 60s)) return 2;
    const auto saved = state->save(numbered(2));
    talk->answer = saved ? 0 : static_cast<int>(saved.error().code);
    return 0;
  });
  ASSERT_TRUE(eventually([&] { return talk->holds.load(); }));
  holder.signal(SIGSTOP);
  auto next = store.lock(web, Wait::at_most(30s));
  ASSERT_TRUE(next) << next.error().message();
  EXPECT_TRUE(next->save(numbered(3)));
  talk->may_save = true;
  holder.signal(SIGCONT);
  EXPECT_EQ(holder.wait(), 0);
  EXPECT_EQ(talk->answer, static_cast<int>(Errc::lock_lost));
  EXPECT_EQ(number_in(store.load(web)->document), 3);
}

TEST(EtcdCluster, WithoutAQuorumASaveIsUnknownAndNamesTheMembers) {
  EtcdCluster cluster;
  const auto store = cluster.open({.ttl = 60s, .patience = 2s});
  const auto web = id_of("web");
  ASSERT_TRUE(store.create(web, Wait::never(), numbered(1)));
  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  for (const std::size_t member : {0U, 1U})
    cluster.kill(member);
  const auto saved = state->save(numbered(2));
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Errc::commit_unknown) << saved.error().message();
  for (const std::size_t member : {0U, 1U, 2U})
    EXPECT_THAT(saved.error().message(), testing::HasSubstr(cluster.socket(member)));
  for (const std::size_t member : {0U, 1U})
    cluster.start(member);
  EXPECT_TRUE(eventually([&] { return state->save(numbered(3)).has_value(); }, 60s));
  EXPECT_EQ(number_in(store.load(web)->document), 3);
}

TEST(EtcdCluster, WithoutAQuorumIsUnavailableAndGoesOnWithOne) {
  EtcdCluster cluster;
  const auto store = cluster.open({.patience = 500ms});
  const auto web = id_of("web");
  ASSERT_TRUE(store.create(web, Wait::never(), numbered(1)));
  for (const std::size_t member : {0U, 1U})
    cluster.kill(member);
  EXPECT_EQ(store.load(web).error().code, Errc::unavailable);
  EXPECT_EQ(store.lock(web, Wait::forever()).error().code, Errc::unavailable);
  cluster.start(0);
  EXPECT_TRUE(eventually([&] { return store.load(web).has_value(); }));
  EXPECT_TRUE(eventually([&] { return store.update(web, Wait::never(), increment).has_value(); }));
}

}  // namespace
}  // namespace latchfile::test
