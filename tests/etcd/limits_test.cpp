// SPDX-License-Identifier: Apache-2.0
//
// A prefix that holds what is not ours, and documents that are larger than etcd takes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/keys.hpp"
#include "etcd/wire.hpp"
#include "latchfile/etcd.hpp"
#include "latchfile/watch.hpp"
#include "support/code_of.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A key that is none of ours below each part of the prefix, in every way that it can be one.
class ForeignKeys : public testing::Test {
 protected:
  EtcdServer& server = EtcdServer::shared();
  const std::string prefix = "/foreign";
  const Store store = open_etcd(server.url(prefix)).value();
  const std::vector<std::string> names = {"/c/",         "/c/a/b/c", "/c//a",
                                          "/c/a/",       "/c/a b",   "/c/" + std::string(300, 'x'),
                                          "/c/\xc3\xa4", "/c/a\nb",  std::string("/c/a\0b", 6),
                                          "/l/a/b/c",    "/l/",      "/other"};

  void SetUp() override {
    for (const auto& name : names)
      server.put(prefix + name, "foreign");
    ASSERT_TRUE(store.create(id_of("web"), Wait::never(), numbered(1)));
  }
  void TearDown() override {
    EXPECT_TRUE(store.lock(id_of("web"), Wait::never()).value().destroy());
    for (const auto& name : names)
      server.remove(prefix + name);
    EXPECT_THAT(server.keys(prefix), IsEmpty()) << "and nothing else was touched";
  }
};

TEST_F(ForeignKeys, ThatAreNoIdsArePassedOver) {
  EXPECT_THAT(store.list().value(), ElementsAre(id_of("web")));
  EXPECT_THAT(store.load_all().value(), SizeIs(1));
  EXPECT_THAT(store.locks().value(), IsEmpty());
  auto watch = store.watch().value();
  const auto events = watch.next(Wait::never()).value();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].id, id_of("web"));
  server.put(prefix + "/c/a/b/c", "again");
  server.put(prefix + "/other", "again");
  EXPECT_THAT(watch.next(Wait::at_most(50ms)).value(), IsEmpty());
}

TEST_F(ForeignKeys, ThatAreIdsAreCorruptAndLeftAsTheyAre) {
  const auto strange = id_of("strange");
  const auto key = Keys(prefix).state(strange);
  server.put(key, "{\"status\":\"running\"}");
  EXPECT_THAT(store.list().value(), ElementsAre(strange, id_of("web")));
  const auto loaded = store.load(strange);
  EXPECT_EQ(code_of(loaded), "corrupt");
  EXPECT_THAT(loaded.error().message(),
              HasSubstr("load strange: the value was not written by Latchfile"));
  EXPECT_EQ(code_of(store.lock(strange, Wait::never())), "corrupt");
  EXPECT_EQ(code_of(store.create(strange, Wait::never(), numbered(1))), "already_exists");
  EXPECT_THAT(store.locks().value(), IsEmpty()) << "no lock was left";
  server.remove(key);
}

// Of a key as long as etcd takes it a page of the usual size would be more than is read.
TEST_F(ForeignKeys, ThatAreLongMakeAListOfSmallerPages) {
  constexpr std::size_t keys = 25;
  const std::string padding(std::size_t{1} << 20, 'x');
  const auto key = [&](std::size_t i) { return prefix + "/c/" + std::to_string(i) + padding; };
  for (std::size_t i = 0; i < keys; ++i)
    server.put(key(i), "foreign");
  const auto listed = store.list();
  ASSERT_TRUE(listed) << listed.error().message();
  EXPECT_THAT(*listed, ElementsAre(id_of("web")));
  for (std::size_t i = 0; i < keys; ++i)
    server.remove(key(i));
}

// As etcd is set up unless told otherwise.
class LargeDocument : public testing::Test {
 protected:
  const EtcdServer server{nullptr, {"--max-request-bytes", "1572864"}};
  const std::string prefix = "/large";
  const Store store = open_etcd(server.url(prefix)).value();
  const ContainerId web = id_of("web");
  const Document small = numbered(1);
  const Document large = document_of("{\"a\":\"" + std::string(std::size_t{2} << 20, 'x') + "\"}");
};

TEST_F(LargeDocument, IsRefusedAndTheGuardGoesOn) {
  ASSERT_TRUE(store.create(web, Wait::never(), small));
  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  const auto saved = state->save(large);
  EXPECT_EQ(code_of(saved), "too_large");
  EXPECT_THAT(saved.error().message(),
              AllOf(HasSubstr("save web: etcd at " + server.socket() + ": "),
                    HasSubstr("the document is larger than this etcd takes")));
  EXPECT_EQ(store.load(web)->document.bytes(), small.bytes());
  const auto again = state->save(numbered(2));
  EXPECT_TRUE(again) << again.error().message();
  EXPECT_EQ(number_in(store.load(web)->document), 2);
  EXPECT_TRUE(std::move(*state).destroy());
  EXPECT_THAT(server.keys(prefix), IsEmpty());
}

TEST_F(LargeDocument, IsNotCreatedAndLeavesNoLock) {
  EXPECT_EQ(code_of(store.create(web, Wait::never(), large)), "too_large");
  EXPECT_THAT(server.keys(prefix), IsEmpty());
  EXPECT_TRUE(store.create(web, Wait::never(), small));
}

TEST_F(LargeDocument, OfManySmallOnesIsReadAllTheSame) {
  const auto most = document_of("{\"a\":\"" + std::string(1500000, 'x') + "\"}");
  constexpr std::size_t count = 20;  // more than an answer may have
  for (std::size_t i = 0; i < count; ++i)
    ASSERT_TRUE(store.create(id_of("c" + std::to_string(i)), Wait::never(), most));
  const auto all = store.load_all().value();
  ASSERT_THAT(all, SizeIs(count));
  for (const auto& each : all)
    EXPECT_EQ(code_of(each.state), "success");
}

}  // namespace
}  // namespace latchfile::test
