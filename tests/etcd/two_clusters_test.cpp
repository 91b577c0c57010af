// SPDX-License-Identifier: Apache-2.0
//
// An address that names members of two clusters: what is kept in one never goes on in the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/address.hpp"
#include "latchfile/etcd.hpp"
#include "latchfile/watch.hpp"
#include "support/etcd_server.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class TwoClusters : public testing::Test {
 protected:
  EtcdServer first;
  const EtcdServer& second = EtcdServer::shared();
  const std::string prefix = "/two";
  const ContainerId web = id_of("web");
  // Long enough for a few attempts at each.
  const Store store = open_etcd(url(), {.patience = 1500ms}).value();

  [[nodiscard]] std::string url() const {
    auto url = second.url(prefix);
    const auto one = first.url("");
    return url.insert(etcd_scheme.size(), one.substr(etcd_scheme.size()) + ",");
  }
  void SetUp() override {
    const auto created = store.create(web, Wait::never(), numbered(1));
    ASSERT_TRUE(created) << created.error().message();
  }
  void TearDown() override { EXPECT_THAT(second.keys(prefix), IsEmpty()); }

  [[nodiscard]] auto names_both() const {
    return HasSubstr("etcd at " + second.socket() + ": it is of another cluster than etcd at " +
                     first.socket() + " (cluster_id ");
  }
};

TEST_F(TwoClusters, AreFoundOutByWhoReads) {
  first.stop();
  const auto loaded = store.load(web);
  ASSERT_FALSE(loaded) << "it is not in the other one";
  EXPECT_EQ(loaded.error().code, Errc::io);
  EXPECT_THAT(loaded.error().message(), names_both());
  // And from then on the other one is not asked at all.
  const auto again = store.load(web);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::unavailable);
  EXPECT_THAT(again.error().message(), HasSubstr("etcd at " + first.socket()));
  first.start();
  EXPECT_EQ(number_in(store.load(web)->document), 1);
}

TEST_F(TwoClusters, AreFoundOutByWhoTakesALock) {
  first.stop();
  const auto locked = store.lock(web, Wait::never());
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().code, Errc::io);
  EXPECT_THAT(locked.error().message(), names_both());
  first.start();
  EXPECT_THAT(first.keys(prefix), testing::SizeIs(1)) << "no lock was left";
  EXPECT_TRUE(store.lock(web, Wait::never()));
}

TEST_F(TwoClusters, AreFoundOutByWhoSavesAndTheLockIsKept) {
  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  first.stop();
  const auto saved = state->save(numbered(2));
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Errc::commit_unknown) << "the first did not say";
  EXPECT_THAT(saved.error().message(), names_both());
  first.start();
  const auto again = state->save(numbered(3));
  EXPECT_TRUE(again) << again.error().message();
  EXPECT_EQ(number_in(store.load(web)->document), 3);
  EXPECT_TRUE(std::move(*state).destroy());
  EXPECT_THAT(first.keys(prefix), IsEmpty());
}

TEST_F(TwoClusters, AreFoundOutByWhoWatches) {
  auto watch = store.watch();
  ASSERT_TRUE(watch) << watch.error().message();
  ASSERT_TRUE(watch->next(Wait::never()));
  first.stop();
  const auto told = watch->next(Wait::at_most(20s));
  ASSERT_FALSE(told) << "nothing was removed";
  EXPECT_EQ(told.error().code, Errc::io);
  EXPECT_THAT(told.error().message(), names_both());
}

}  // namespace
}  // namespace latchfile::test
