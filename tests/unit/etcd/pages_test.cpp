// SPDX-License-Identifier: Apache-2.0
//
// What is asked for page by page, and what comes of it.
#include "etcd/pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/base64.hpp"
#include "etcd/etcd_backend.hpp"
#include "etcd/envelope.hpp"
#include "support/numbered_document.hpp"
#include "unit/etcd/fake_transport.hpp"

namespace latchfile::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

std::string encoded(std::string_view bytes) {
  std::string out;
  base64::append_to(out, bytes);
  return '"' + out + '"';
}

std::string page_of(int revision, const std::vector<std::string>& keys, bool more) {
  std::string pairs;
  for (const auto& key : keys)
    pairs += (pairs.empty() ? R"({"key":)" : R"(,{"key":)") + encoded(key) + "}";
  return R"({"header":{"revision":")" + std::to_string(revision) + R"("},"kvs":[)" + pairs + "]" +
         (more ? R"(,"more":true})" : "}");
}

TEST(Pages, FollowEachOtherWithoutAGapAtOneRevision) {
  std::vector<std::string> asked;
  const auto gateway = gateway_to([&](const Sent& sent) {
    asked.push_back(sent.body);
    const bool first = asked.size() == 1;
    return ok(first ? page_of(7, {"/p/a", "/p/b"}, true) : page_of(9, {"/p/c"}, false));
  });
  std::vector<std::string> keys;
  const auto revision = for_each_key(
      *gateway, "/p/", true, [&] { keys.clear(); },
      [&](answer::KeyValue& pair) { keys.push_back(std::move(pair.key)); });
  ASSERT_TRUE(revision) << revision.error().message();
  EXPECT_EQ(*revision, 7);
  EXPECT_THAT(keys, ElementsAre("/p/a", "/p/b", "/p/c"));
  ASSERT_THAT(asked, SizeIs(2));
  const auto end = "\"range_end\":" + encoded("/p0");
  EXPECT_THAT(asked[0],
              AllOf(HasSubstr("\"key\":" + encoded("/p/")), HasSubstr(end), HasSubstr("\"limit\":"),
                    HasSubstr("\"keys_only\":true"), Not(HasSubstr("revision"))));
  EXPECT_THAT(asked[1], AllOf(HasSubstr("\"key\":" + encoded(std::string("/p/b\0", 5))),
                              HasSubstr(end), HasSubstr(R"("revision":"7")")));
}

Reply compacted() {
  return refused(400, 11, "etcdserver: mvcc: required revision has been compacted");
}

TEST(Pages, EndWithTheFirstThatIsNotAnswered) {
  std::size_t asked = 0;
  const auto gateway = gateway_to([&](const Sent&) {
    return ++asked == 1 ? ok(page_of(7, {"/p/a"}, true)) : refused(403, 7, "permission denied");
  });
  const auto revision = for_each_key(*gateway, "/p/", true, [] {}, [](answer::KeyValue&) {});
  ASSERT_FALSE(revision);
  EXPECT_EQ(revision.error().code, Errc::io);
  EXPECT_EQ(asked, 2U);
}

TEST(Pages, BeginAnewAtTheNewestRevisionIfTheirsIsCompactedAway) {
  std::vector<std::string> asked;
  const auto gateway = gateway_to([&](const Sent& sent) {
    asked.push_back(sent.body);
    if (asked.size() == 1) return ok(page_of(7, {"/p/a", "/p/b"}, true));
    return asked.size() == 2 ? compacted() : ok(page_of(9, {"/p/b", "/p/c"}, false));
  });
  std::vector<std::string> keys;
  const auto revision = for_each_key(
      *gateway, "/p/", true, [&] { keys.clear(); },
      [&](answer::KeyValue& pair) { keys.push_back(std::move(pair.key)); });
  ASSERT_TRUE(revision) << revision.error().message();
  EXPECT_EQ(*revision, 9);
  EXPECT_THAT(keys, ElementsAre("/p/b", "/p/c"));
  ASSERT_THAT(asked, SizeIs(3));
  EXPECT_EQ(asked[2], asked[0]);
}

TEST(Pages, ThatAreCompactedAwayAgainAndAgainAreGivenUp) {
  int beginnings = 0;
  const auto gateway = gateway_to([&](const Sent& sent) {
    return sent.body.contains("revision") ? compacted() : ok(page_of(7, {"/p/a"}, true));
  });
  const auto revision =
      for_each_key(*gateway, "/p/", true, [&] { ++beginnings; }, [](answer::KeyValue&) {});
  ASSERT_FALSE(revision);
  EXPECT_EQ(revision.error().code, Errc::io);
  EXPECT_THAT(revision.error().message(), HasSubstr("has been compacted"));
  EXPECT_EQ(beginnings, most_beginnings);
}

TEST(EtcdBackendTest, LoadsInHalvesWhatIsTooLargeTogether) {
  const auto count_of = [](std::string_view text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1))
      ++count;
    return count;
  };
  const auto gateway = gateway_to([&](const Sent& sent) -> Reply {
    constexpr std::string_view get = R"({"request_range":{"key":")";
    if (count_of(sent.body, get) > 2) {
      return std::unexpected(Error{Errc::too_large, 0, "its answer"});
    }
    // The document of each is its key.
    std::string responses;
    for (auto at = sent.body.find(get); at != sent.body.npos; at = sent.body.find(get, at + 1)) {
      const auto key = std::string_view(sent.body).substr(at + get.size());
      const auto document = R"({"key":")" + *base64::decode(key.substr(0, key.find('"'))) + "\"}";
      if (!responses.empty()) responses += ',';
      responses += R"({"response_range":{"kvs":[{"key":"YQ==","value":)" +
                   encoded(envelope::seal(envelope::new_id(), document)) + "}]}}";
    }
    return ok(R"({"header":{"revision":"7"},"succeeded":true,"responses":[)" + responses + "]}");
  });
  const EtcdBackend backend(std::make_shared<const EtcdSite>(
      EtcdSite{"etcd://member0/p", Keys("/p"), std::chrono::seconds(10), gateway}));
  std::vector<ContainerId> ids;
  for (const auto* id : {"a", "b", "c", "d", "e"})
    ids.push_back(id_of(id));
  std::vector<std::string> loaded;
  backend.load_each(ids, [&](std::size_t i, Result<Document> document) {
    EXPECT_EQ(i, loaded.size());
    loaded.push_back(document ? document->bytes() : document.error().message());
  });
  EXPECT_THAT(loaded,
              ElementsAre(R"({"key":"/p/c/a"})", R"({"key":"/p/c/b"})", R"({"key":"/p/c/c"})",
                          R"({"key":"/p/c/d"})", R"({"key":"/p/c/e"})"));
}

}  // namespace
}  // namespace latchfile::test
