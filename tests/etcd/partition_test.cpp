// SPDX-License-Identifier: Apache-2.0
//
// Hosts that are cut off from the others: holders of locks, leaders of etcd, mirrors. Each has a
// network namespace of its own, the three members of etcd as well, and its link goes down.
#include <atomic>
#include <csignal>
#include <sys/prctl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/cluster.hpp"
#include "latchfile/local.hpp"
#include "latchfile/watch.hpp"
#include "process/shared.hpp"
#include "support/followed.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::MatchesRegex;
using Net = Network::Net;

constexpr auto success = static_cast<Errc>(-1);
template <class T>
Errc code_of(const Result<T>& result) {
  return result ? success : result.error().code;
}

class Partition : public testing::Test {
 protected:
  std::optional<Network> network;
  std::optional<EtcdCluster> cluster;
  // Hosts without a member of etcd.
  static constexpr std::size_t here = EtcdCluster::size;
  static constexpr std::size_t elsewhere = here + 1;
  const ContainerId web = id_of("web");

  void SetUp() override {
    if (const auto why_not = Network::why_not(); !why_not.empty()) GTEST_SKIP() << why_not;
    network.emplace(elsewhere + 1);
    cluster.emplace(&*network);
  }

  /// `body` gets the store of the cluster, first of all by member `first`.
  [[nodiscard]] Child on(std::size_t host, const std::function<int(const Store&)>& body,
                         std::size_t first = 0) const {
    return Child([&, host] {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      network->enter(host);
      return body(open_etcd(EtcdCluster::url_on_network("/cluster", first),
                            {.ttl = 1s, .insecure_transport = true})
                      .value());
    });
  }
  [[nodiscard]] std::optional<long> stored() const {
    const auto found = cluster->open().load(web);
    return found ? number_in(found->document) : std::nullopt;
  }
};

TEST_F(Partition, OfAHolderEndsItsLockAndTheHolderKnowsWithoutAnAnswer) {
  struct Talk {
    std::atomic<bool> holds = false;
    std::atomic<bool> taken = false;
    std::atomic<bool> mended = false;
    std::atomic<Errc> cut_off = success;
    std::atomic<Errc> back = success;
    std::atomic<Errc> destroyed = success;
    std::atomic<Errc> anew = Errc::io;
  };
  const Shared<Talk> talk;
  ASSERT_TRUE(cluster->open().create(web, Wait::never(), numbered(0)));
  auto holder = on(here, [&](const Store& store) {
    auto state = store.lock(web, Wait::never());
    if (!state || !state->save(numbered(1))) return 1;
    talk->holds = true;
    if (!eventually([&] { return talk->taken.load(); }, 60s)) return 2;
    talk->cut_off = code_of(state->save(numbered(2)));
    if (!eventually([&] { return talk->mended.load(); }, 60s)) return 3;
    talk->back = code_of(state->save(numbered(3)));
    talk->destroyed = code_of(std::move(*state).destroy());
    talk->anew = code_of(store.update(web, Wait::at_most(60s), increment));
    return 0;
  });
  ASSERT_TRUE(eventually([&] { return talk->holds.load(); }));
  network->cut(here);
  auto next = on(elsewhere, [&](const Store& store) {
    return store.update(web, Wait::at_most(60s), [](const Snapshot&) { return numbered(10); }) ? 0
                                                                                               : 1;
  });
  EXPECT_EQ(next.wait(), 0) << "the time to live is over for etcd as well";
  talk->taken = true;
  ASSERT_TRUE(eventually([&] { return talk->cut_off != success; }));
  EXPECT_EQ(talk->cut_off, Errc::lock_lost);
  network->mend(here);
  talk->mended = true;
  EXPECT_EQ(holder.wait(), 0);
  EXPECT_EQ(talk->back, Errc::lock_lost);
  EXPECT_EQ(talk->destroyed, Errc::lock_lost);
  EXPECT_EQ(talk->anew, success);
  EXPECT_EQ(stored(), 11);
}

/// Of a leader: from everybody, or from its peers alone, so that clients still reach it.
class PartitionOfTheLeader : public Partition,
                             public testing::WithParamInterface<std::vector<Net>> {};

TEST_P(PartitionOfTheLeader, StopsNoWriterAndNoWatch) {
  constexpr long progress = 20;
  struct Tally {
    std::atomic<long> confirmed = 0;
    std::atomic<long> unknown = 0;
    std::atomic<bool> stop = false;
    std::atomic<bool> watches = false;
    std::atomic<long> seen = 0;
  };
  const Shared<Tally> tally;
  ASSERT_TRUE(cluster->open().create(web, Wait::never(), numbered(0)));
  std::optional<std::size_t> leader;
  ASSERT_TRUE(eventually([&] { return (leader = cluster->leader()).has_value(); }));
  const auto count = [&](const Store& store) {
    while (!tally->stop) {
      const auto updated = store.update(web, Wait::forever(), increment);
      if (updated) {
        ++tally->confirmed;
      } else if (updated.error().code == Errc::commit_unknown) {
        ++tally->unknown;
      } else if (updated.error().code != Errc::lock_lost &&
                 updated.error().code != Errc::unavailable) {
        return 1;
      }
    }
    return 0;
  };
  auto first = on(here, count, *leader);
  auto second = on(elsewhere, count, *leader);
  const auto follow = [&](const Store& store) {
    auto watch = store.watch();
    for (tally->watches = watch.has_value(); watch;) {
      // One that is cut off may find nobody for a while.
      const auto events = watch->next(Wait::forever());
      for (const auto& event : events.value_or(std::vector<Event>())) {
        if (event.state && *event.state)
          tally->seen = number_in((*event.state)->document).value_or(-1);
      }
    }
    return 1;
  };
  const auto watcher = on(elsewhere, follow, *leader);
  const auto goes_on = [&] {
    const auto before = tally->confirmed.load();
    return eventually([&] { return tally->confirmed >= before + progress; }, 60s);
  };
  ASSERT_TRUE(eventually([&] { return tally->watches.load(); }));
  ASSERT_TRUE(goes_on());
  for (const auto net : GetParam())
    network->cut(*leader, net);
  EXPECT_TRUE(goes_on());
  const auto after = tally->confirmed.load();
  EXPECT_TRUE(eventually([&] { return tally->seen >= after; }, 60s))
      << "a watch at the member that is cut off goes on at another";
  EXPECT_NE(cluster->leader(), leader);
  for (const auto net : GetParam())
    network->mend(*leader, net);
  EXPECT_TRUE(goes_on());
  tally->stop = true;
  EXPECT_EQ(first.wait(), 0) << "what it was told is no error of a partition";
  EXPECT_EQ(second.wait(), 0);
  const auto final = stored().value_or(-1);
  EXPECT_GE(final, tally->confirmed);
  EXPECT_LE(final, tally->confirmed + tally->unknown);
  EXPECT_TRUE(eventually([&] { return tally->seen == final; }));
}

INSTANTIATE_TEST_SUITE_P(From, PartitionOfTheLeader,
                         testing::Values(std::vector{Net::peers, Net::clients},
                                         std::vector{Net::peers}),
                         [](const auto& each) {
                           return each.param.size() == 1 ? "ItsPeers" : "Everybody";
                         });

TEST_F(Partition, OfAMirrorShowsItsContainersAsUnknownUntilItIsBack) {
  const TempDir dir;
  const auto root = open_local(dir / "root").value();
  const auto document = [](const std::string& status) {
    return document_of(R"({"status":")" + status + R"("})");
  };
  ASSERT_TRUE(root.create(web, Wait::never(), document("running")));
  ASSERT_TRUE(root.create(id_of("old"), Wait::never(), document("stopped")));
  const auto hosts = EtcdCluster::url_on_network("/hosts");
  auto arguments = network->on(here);
  for (const auto& each : std::vector<std::string>{
           LATCHFILE_BINARY, "--root", dir / "root", "--insecure-transport", "--command-timeout",
           "0.5", "mirror", "--to", hosts, "--host", "a", "--ttl", "1"})
    arguments.push_back(each);
  const Child mirror(arguments);
  const auto seen = [&] {
    auto list = network->on(elsewhere);
    for (const auto& each : std::vector<std::string>{LATCHFILE_BINARY, "--root", hosts,
                                                     "--insecure-transport", "list", "--all-hosts"})
      list.push_back(each);
    const auto listed = run(list);
    EXPECT_EQ(listed.exit_code, 0) << listed.err;
    return listed.out;
  };
  const auto comes_to_show = [&](const std::string& lines) {
    const testing::Matcher<std::string> expected = MatchesRegex("HOST [^\n]*\n" + lines);
    return eventually([&] { return expected.Matches(seen()); }) ? "" : seen();
  };
  EXPECT_EQ(comes_to_show("a +old +0 +stopped +- +- +- +-\n"
                          "a +web +0 +running +- +- +- +-\n"),
            "");
  network->cut(here);
  EXPECT_EQ(comes_to_show("a +old +0 +unknown +- +- +- +20[-0-9T:]+Z\n"
                          "a +web +0 +unknown +- +- +- +20[-0-9T:]+Z\n"),
            "");
  ASSERT_TRUE(root.update(web, Wait::never(), [&](const Snapshot&) { return document("paused"); }));
  ASSERT_TRUE(root.lock(id_of("old"), Wait::never()).value().destroy());
  ASSERT_TRUE(root.create(id_of("new"), Wait::never(), document("created")));
  EXPECT_THAT(seen(), HasSubstr("a      web   0     unknown")) << "nothing of that can be known";
  network->mend(here);
  EXPECT_EQ(comes_to_show("a +new +0 +created +- +- +- +-\n"
                          "a +web +0 +paused +- +- +- +-\n"),
            "");
}

}  // namespace
}  // namespace latchfile::test
