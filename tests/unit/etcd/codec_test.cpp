// SPDX-License-Identifier: Apache-2.0
//
// What is sent to etcd's gateway, and what is read from it.
#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/answers.hpp"
#include "etcd/base64.hpp"
#include "etcd/envelope.hpp"
#include "etcd/requests.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

std::string encoded(std::string_view bytes) {
  std::string out;
  base64::append_to(out, bytes);
  return out;
}

// RFC 4648, section 10.
TEST(Base64, IsThatOfTheStandard) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encoded(bytes), text);
    EXPECT_EQ(base64::decode(text), bytes);
  }
}

TEST(Base64, CarriesEveryByte) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes += static_cast<char>(i);
    EXPECT_EQ(base64::decode(encoded(bytes)), bytes);
  }
}

TEST(Base64, RefusesWhatItIsNot) {
  for (const auto* text : {"Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Z g=", "Zm9-", "Zm9\xc3"})
    EXPECT_FALSE(base64::decode(text)) << text;
}

// A member that etcd does not know would be passed over by it, and a change made without its
// condition.
TEST(Requests, AreSpelledAsEtcdReadsThem) {
  const auto txn = request::Txn()
                       .if_created_at("l", 9007199254740993)
                       .if_modified_at("s", 8)
                       .if_present("p")
                       .then_put("s", "v")
                       .then_put_until("l", "w", 7587884574657823491)
                       .then_delete("d")
                       .then_get("g")
                       .else_get("s");
  EXPECT_EQ(
      txn.body(),
      R"({"compare":[)"
      R"({"key":"bA==","target":"CREATE","result":"EQUAL","create_revision":"9007199254740993"},)"
      R"({"key":"cw==","target":"MOD","result":"EQUAL","mod_revision":"8"},)"
      R"({"key":"cA==","target":"CREATE","result":"GREATER","create_revision":"0"}],)"
      R"("success":[{"request_put":{"key":"cw==","value":"dg=="}},)"
      R"({"request_put":{"key":"bA==","value":"dw==","lease":"7587884574657823491"}},)"
      R"({"request_delete_range":{"key":"ZA=="}},{"request_range":{"key":"Zw=="}}],)"
      R"("failure":[{"request_range":{"key":"cw=="}}]})");
  EXPECT_EQ(request::range({.key = "a", .end = "b", .limit = 2, .revision = 3, .keys_only = true}),
            R"({"key":"YQ==","range_end":"Yg==","limit":"2","revision":"3","keys_only":true})");
  EXPECT_EQ(request::grant(10), R"({"TTL":"10"})");
  EXPECT_EQ(request::keepalive(std::array<std::int64_t, 2>{1, 2}),
            "{\"ID\":\"1\"}\n{\"ID\":\"2\"}\n");
  EXPECT_EQ(request::watch("a", "b", 5),
            R"({"create_request":{"key":"YQ==","range_end":"Yg==","start_revision":"5",)"
            R"("fragment":true,"progress_notify":true}})");
  EXPECT_EQ(request::authenticate("a\"b", "c\\d\n"), R"({"name":"a\"b","password":"c\\d\u000a"})");
}

TEST(Answers, AreReadWithWhatIsLeftOut) {
  std::string failed = R"({"header":{"cluster_id":"14841639068965178418",)"
                       R"("revision":"9007199254740993"},"responses":[)"
                       R"({"response_range":{"header":{"revision":"7"}}},)"
                       R"({"response_range":{"kvs":[{"key":"YQ==","create_revision":"5",)"
                       R"("mod_revision":"6","value":"Yg=="}],"count":"1"}}]})";
  const auto txn = answer::read_txn(failed);
  ASSERT_TRUE(txn);
  EXPECT_FALSE(txn->succeeded);
  EXPECT_EQ(txn->cluster, 14841639068965178418U);
  EXPECT_EQ(txn->revision, 9007199254740993);
  ASSERT_EQ(txn->found.size(), 2U);
  EXPECT_TRUE(txn->found[0].empty());
  EXPECT_EQ(txn->found[1][0].key, "a");
  EXPECT_EQ(txn->found[1][0].value, "b");
  EXPECT_EQ(txn->found[1][0].created, 5);
  EXPECT_EQ(txn->found[1][0].modified, 6);

  std::string empty = R"({"header":{"revision":"3"}})";
  const auto range = answer::read_range(empty);
  ASSERT_TRUE(range);
  EXPECT_FALSE(range->more);
  EXPECT_TRUE(range->pairs.empty());

  std::string leases =
      "{\"result\":{\"header\":{},\"ID\":\"1\",\"TTL\":\"10\"}}\n"
      "{\"result\":{\"header\":{},\"ID\":\"2\"}}\n";
  const auto kept = answer::read_keepalives(leases);
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->ttl_of.at(1), 10);
  EXPECT_EQ(kept->ttl_of.at(2), 0) << "a lease that is gone";
}

TEST(Answers, OfAWatchTellWhatBecameOfIt) {
  std::string created = R"({"result":{"header":{"revision":"7"},"created":true}})";
  EXPECT_TRUE(answer::read_watched(created)->created);
  std::string events = R"({"result":{"header":{"revision":"8"},"events":[{"kv":{"key":"YQ=="}},)"
                       R"({"type":"DELETE","kv":{"key":"Yg=="}}]}})";
  const auto changes = answer::read_watched(events)->changes;
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].key, "a");
  EXPECT_FALSE(changes[0].deleted);
  EXPECT_TRUE(changes[1].deleted);
  std::string compacted = R"({"result":{"canceled":true,"compact_revision":"9"}})";
  EXPECT_EQ(answer::read_watched(compacted)->compacted, 9);
  std::string failed = R"({"error":{"grpc_code":14,"message":"etcdserver: server stopped"}})";
  EXPECT_TRUE(answer::read_watched(failed)->failed);
}

TEST(Answers, ThatAreCutOffOrOfSomebodyElseAreNone) {
  const std::string whole = R"({"header":{"revision":"7"},"succeeded":true,"responses":[)"
                            R"({"response_range":{"kvs":[{"key":"YQ==","value":"Yg=="}]}}]})";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    auto text = whole.substr(0, size);
    EXPECT_FALSE(answer::read_txn(text)) << text;
  }
  for (std::string text : {"", "null", "[]", "{}", "<html></html>", R"({"header":{}})",
                           R"({"header":{"revision":"x"}})", R"({"header":7})"}) {
    EXPECT_FALSE(answer::read_txn(text)) << text;
    EXPECT_FALSE(answer::read_range(text)) << text;
    EXPECT_FALSE(answer::read_grant(text)) << text;
    EXPECT_FALSE(answer::read_watched(text)) << text;
    EXPECT_FALSE(answer::read_refusal(text)) << text;
    EXPECT_FALSE(answer::read_token(text)) << text;
    EXPECT_FALSE(answer::read_owner(text)) << text;
  }
  for (std::string wrong : {R"({"header":{"revision":"-7"}})", R"({"header":{"revision":"7x"}})",
                            R"({"header":{"revision":"7"},"kvs":[{}]})",
                            R"({"header":{"revision":"7"},"kvs":["a"]})"}) {
    EXPECT_FALSE(answer::read_range(wrong)) << wrong;
  }
  std::string nothing_answered = R"({"header":{"revision":"7"},"succeeded":true})";
  EXPECT_FALSE(answer::read_txn(nothing_answered));
  std::string of_no_revision =
      R"({"header":{},"succeeded":true,"responses":[{"response_put":{}}]})";
  EXPECT_FALSE(answer::read_txn(of_no_revision));
  std::string half_of_a_line = R"({"result":{"ID":"1","TTL":"10"}}
{"result":{"ID":"2",)";
  EXPECT_FALSE(answer::read_keepalives(half_of_a_line));
  std::string not_base64 = R"({"header":{"revision":"7"},"kvs":[{"key":"?"}]})";
  EXPECT_FALSE(answer::read_range(not_base64));
}

TEST(Envelope, KeepsADocumentByteForByte) {
  const auto id = envelope::new_id();
  const std::string document = "{\n \"a\" : 1.50 }\n\n";
  const auto value = envelope::seal(id, document);
  EXPECT_EQ(value, R"({"latchfile":1,"save":")" + id + "\"}\n" + document);
  EXPECT_EQ(envelope::unseal(value)->save_id, id);
  EXPECT_EQ(envelope::document_of(value)->bytes(), document);
}

TEST(Envelope, OfSomebodyElseIsCorrupt) {
  const auto value = envelope::seal(envelope::new_id(), "{}");
  for (const auto& wrong :
       {std::string(), std::string("{}"), value.substr(1), value.substr(0, 40), "x" + value,
        envelope::seal("short", "{}"), envelope::seal(std::string(32, 'X'), "{}")}) {
    const auto document = envelope::document_of(wrong);
    ASSERT_FALSE(document) << wrong;
    EXPECT_EQ(document.error().code, Errc::corrupt);
  }
}

TEST(Envelope, HasAnotherIdEachTime) { EXPECT_NE(envelope::new_id(), envelope::new_id()); }

}  // namespace
}  // namespace latchfile::test
