// SPDX-License-Identifier: Apache-2.0
//
// What happens to etcd itself under a store that is in use: it is full, restarted, compacted, and
// it forgets who has logged in.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <future>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/pages.hpp"
#include "etcd/requests.hpp"
#include "etcd/wire.hpp"
#include "latchfile/etcd.hpp"
#include "latchfile/watch.hpp"
#include "support/code_of.hpp"
#include "support/followed.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const auto web = [] { return id_of("web"); };

std::string stored_in(const Store& store, const ContainerId& id) {
  const auto found = store.load(id);
  return found ? found->document.bytes() : code_of(found);
}

const std::vector<std::string> small_quota = {"--quota-backend-bytes", "2097152"};

TEST(EtcdConnections, AreNotForProgramsThatAreStarted) {
  const EtcdServer server;
  const auto store = open_etcd(server.url("/x")).value();
  ASSERT_TRUE(store.list());
  const auto watch = store.watch();
  ASSERT_TRUE(watch);
  int connections = 0;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(each.path().filename());
    sockaddr_un peer{};
    socklen_t size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (!std::string_view(peer.sun_path).ends_with("localhost:00001")) continue;
    ++connections;
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  }
  EXPECT_GE(connections, 2);
}

TEST(EtcdThatIsFull, RefusesSavesAndKeepsGuardsThatGoOnOnceThereIsRoom) {
  const EtcdServer server(nullptr, small_quota);
  const auto store = open_etcd(server.url("/full")).value();
  ASSERT_TRUE(store.create(web(), Wait::never(), numbered(1)));
  ASSERT_TRUE(store.create(id_of("db"), Wait::never(), numbered(1)));
  auto state = store.lock(web(), Wait::never());
  auto other = store.lock(id_of("db"), Wait::never());
  auto vacancy = store.lock_for_new(id_of("new"), Wait::never());
  ASSERT_TRUE(state && other && vacancy);
  server.fill();

  for (int again = 0; again < 2; ++again) {
    const auto saved = state->save(numbered(2));
    ASSERT_FALSE(saved);
    EXPECT_EQ(saved.error().code, Errc::io);
    EXPECT_EQ(saved.error().sys_errno, ENOSPC);
    EXPECT_THAT(saved.error().message(),
                HasSubstr("its database is full; compact and defragment it, and disarm the alarm"));
    EXPECT_EQ(stored_in(store, web()), numbered(1).bytes());
  }
  EXPECT_EQ(store.lock_for_new(id_of("more"), Wait::never()).error().sys_errno, ENOSPC);
  EXPECT_EQ(store.list()->size(), 2U);
  const auto destroyed = std::move(*other).destroy();
  EXPECT_TRUE(destroyed) << destroyed.error().message();
  EXPECT_EQ(store.list()->size(), 1U);

  server.make_room();
  const auto saved = state->save(numbered(3));
  EXPECT_TRUE(saved) << saved.error().message();
  EXPECT_EQ(stored_in(store, web()), numbered(3).bytes());
  EXPECT_TRUE(std::move(*vacancy).create(numbered(4)));
}

// etcd looks for room before and after it has written: who fills it up at the same time is told
// that there is none, of a save that was made.
TEST(EtcdThatIsFull, HasWhatItSaidAndNothingElse) {
  constexpr int writers = 8;
  constexpr int rounds = 4;
  const EtcdServer server(nullptr, small_quota);
  const auto store = open_etcd(server.url("/filled")).value();
  const auto document = [](int number) {
    return document_of("{\"n\":" + std::to_string(number) + ",\"x\":\"" + std::string(50000, 'x') +
                       "\"}");
  };
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < writers; ++i) {
      threads.emplace_back([&, i, round] {
        const auto id = id_of("c" + std::to_string(round) + "-" + std::to_string(i));
        auto vacancy = store.lock_for_new(id, Wait::never());
        if (!vacancy) return;  // it was full by then
        auto state = std::move(*vacancy).create(document(0));
        int number = 0;
        Result<> saved = {};
        while (state && saved) {
          saved = state->save(document(number + 1));
          if (saved) ++number;
        }
        const auto& error = state ? saved.error() : state.error();
        EXPECT_EQ(error.sys_errno, ENOSPC) << error.message();
        const auto found = store.load(id);
        EXPECT_EQ(found ? found->document.bytes().substr(0, 8) : code_of(found),
                  state ? document(number).bytes().substr(0, 8) : "not_found");
      });
    }
    threads.clear();
    server.make_room();
  }
}

TEST(EtcdThatIsRestarted, KeepsGuardsAndWatches) {
  EtcdServer server;
  const auto store = open_etcd(server.url("/restarted"), {.ttl = 2s}).value();
  const auto other = open_etcd(server.url("/restarted")).value();
  ASSERT_TRUE(store.create(web(), Wait::never(), numbered(1)));
  auto watch = other.watch().value();
  auto state = store.lock(web(), Wait::never());
  ASSERT_TRUE(state);
  Followed followed;
  for (int n = 2; n < 5; ++n) {
    EXPECT_EQ(followed.take_all(watch), "");
    server.stop();
    server.start();
    const auto saved = state->save(numbered(n));
    ASSERT_TRUE(saved) << saved.error().message();
    EXPECT_EQ(
        code_of(
            std::async(std::launch::async, [&] { return other.lock(web(), Wait::never()); }).get()),
        "locked");
  }
  EXPECT_TRUE(std::move(*state).destroy());
  ASSERT_TRUE(other.create(id_of("new"), Wait::never(), numbered(9)));
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(followed.take_all(watch), "");
    return followed.view() == view_of(other);
  }));
  EXPECT_EQ(followed.fault(), "");
  EXPECT_THAT(other.locks().value(), IsEmpty());
}

// What nobody reads stays in etcd until it is compacted away, and then the watch begins anew.
TEST(EtcdThatIsCompacted, LosesNoChangeForAWatchThatIsFarBehind) {
  constexpr int saves = 200;
  const EtcdServer server;
  const std::string prefix = "/compacted";
  const auto wire = std::make_shared<Wire>(server);
  const auto followed_store = store_over(wire, server, prefix, 10s);
  const auto store = open_etcd(server.url(prefix)).value();
  ASSERT_TRUE(store.create(web(), Wait::never(), numbered(0)));
  ASSERT_TRUE(store.create(id_of("gone"), Wait::never(), numbered(0)));
  auto watch = followed_store.watch().value();
  Followed followed;
  ASSERT_EQ(followed.take_all(watch), "");
  const auto lists = wire->count(request::path::range);
  {
    auto state = store.lock(web(), Wait::never());
    for (int n = 0; n < saves; ++n)
      ASSERT_TRUE(state->save(document_of("{\"n\":" + std::to_string(n) + ",\"x\":\"" +
                                          std::string(200000, 'x') + "\"}")));
  }
  ASSERT_TRUE(store.lock(id_of("gone"), Wait::never()).value().destroy());
  ASSERT_TRUE(store.create(id_of("new"), Wait::never(), numbered(1)));
  server.compact();
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(followed.take_all(watch), "");
    return followed.view() == view_of(store);
  }));
  EXPECT_EQ(followed.fault(), "");
  EXPECT_GT(wire->count(request::path::range), lists) << "it was compacted away under the watch";
  ASSERT_TRUE(store.update(id_of("new"), Wait::never(), increment));
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(followed.take_all(watch), "");
    return followed.view() == view_of(store);
  })) << "events go on";
}

using KeyOf = std::string (Keys::*)(const ContainerId&) const;

/// Puts one more key than a page has; their ids, sorted.
std::vector<ContainerId> fill_a_page(const EtcdServer& server, const Keys& keys, KeyOf key_of) {
  constexpr std::int64_t keys_of_a_request = 100;
  constexpr std::int64_t first = 10000;  // all numbers have as many digits
  constexpr auto end = first + keys_of_a_page + 1;
  const auto gateway = server.connect();
  std::vector<ContainerId> ids;
  for (auto i = first; i < end;) {
    request::Txn request;
    for (const auto until = std::min(end, i + keys_of_a_request); i < until; ++i) {
      ids.push_back(id_of("c" + std::to_string(i)));
      request.then_put((keys.*key_of)(ids.back()), "{}");
    }
    EXPECT_TRUE(gateway->transact(request.body()));
  }
  return ids;
}

TEST(EtcdThatIsCompacted, BetweenTwoPagesIsListedAnew) {
  const EtcdServer server;
  const std::string prefix = "/pages";
  const Keys keys(prefix);
  const auto wire = std::make_shared<Wire>(server);
  const auto store = store_over(wire, server, prefix, 10s);
  const auto fill_and_disturb = [&](KeyOf key_of) {
    auto ids = fill_a_page(server, keys, key_of);
    const auto gone = (keys.*key_of)(ids.front());
    const auto added = (keys.*key_of)(id_of("new"));
    wire->after_next(request::path::range, [&server, gone, added] {
      server.remove(gone);
      server.put(added, "{}");
      server.compact();
    });
    ids.erase(ids.begin());
    ids.push_back(id_of("new"));
    return ids;
  };

  auto expected = fill_and_disturb(&Keys::state);
  const auto listed = store.list();
  ASSERT_TRUE(listed) << listed.error().message();
  EXPECT_TRUE(*listed == expected) << listed->size() << " of " << expected.size();

  expected = fill_and_disturb(&Keys::lock);
  const auto holders = store.locks();
  ASSERT_TRUE(holders) << holders.error().message();
  EXPECT_TRUE(std::ranges::equal(*holders, expected, {}, &LockHolder::id))
      << holders->size() << " of " << expected.size();
}

}  // namespace
}  // namespace latchfile::test
