// SPDX-License-Identifier: Apache-2.0
//
// What a watch of a store in etcd must not miss: changes between its requests, and those of which
// etcd does not tell any more.
#include <atomic>

#include <gtest/gtest.h>

#include "etcd/envelope.hpp"
#include "etcd/requests.hpp"
#include "etcd/wire.hpp"
#include "support/followed.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;

class EtcdWatchTest : public testing::Test {
 protected:
  EtcdServer server;
  const std::string prefix = "/watch";
  const std::shared_ptr<Wire> wire = std::make_shared<Wire>(server);
  const Store store = store_over(wire, server, prefix, 10s);
  const Store other = store_over(std::make_shared<Wire>(server), server, prefix, 10s);
  Followed followed;

  /// By one revision, and no lock before it.
  void put(const std::string& id, int number) const {
    server.put(Keys(prefix).state(id_of(id)),
               envelope::seal(envelope::new_id(), numbered(number).bytes()));
  }
  void expect_all_is_told(Watch& watch) {
    EXPECT_TRUE(eventually([&] {
      static_cast<void>(followed.take_all(watch));
      return followed.view() == view_of(other);
    })) << testing::PrintToString(followed.view());
    EXPECT_EQ(followed.fault(), "");
  }
};

TEST_F(EtcdWatchTest, MissesNothingBetweenTheListAndTheWatch) {
  put("web", 0);
  wire->after_next(request::path::range, [&] { put("db", 1); });
  auto watch = store.watch().value();
  expect_all_is_told(watch);
}

TEST_F(EtcdWatchTest, ListsAgainWhatWasCompactedAway) {
  put("web", 0);
  wire->after_next(request::path::range, [&] {
    put("db", 1);
    put("web", 2);
    server.compact();
  });
  auto watch = store.watch().value();
  expect_all_is_told(watch);
}

TEST_F(EtcdWatchTest, OfSomeListsNoOthersAndMissesNothing) {
  for (const std::string id : {"a", "m", "z"})
    put(id, 0);
  std::atomic<bool> has_listed = false;
  wire->decide([&](const Delivered& now) {
    if (now.has("range_end")) has_listed = true;
    return Fate::pass;
  });
  auto watch = store.watch({id_of("m"), id_of("q"), id_of("p1/x")}).value();
  const auto is_told = [&](const View& expected) {
    return eventually([&] {
      static_cast<void>(followed.take_all(watch));
      return followed.view() == expected;
    });
  };
  const auto first = numbered(0).bytes();
  EXPECT_TRUE(is_told({{"m", first}}));
  for (const std::string id : {"a", "m", "n", "q", "z", "p1/x"})
    put(id, 1);
  const auto second = numbered(1).bytes();
  EXPECT_TRUE(is_told({{"m", second}, {"p1/x", second}, {"q", second}}));
  EXPECT_FALSE(has_listed);
}

TEST_F(EtcdWatchTest, GoesOnWhenEtcdComesBack) {
  put("web", 0);
  put("db", 1);
  auto watch = store.watch().value();
  expect_all_is_told(watch);
  server.stop();
  server.start();
  EXPECT_TRUE(other.lock(id_of("web"), Wait::never()).value().destroy());
  put("new", 2);
  expect_all_is_told(watch);
}

}  // namespace
}  // namespace latchfile::test
