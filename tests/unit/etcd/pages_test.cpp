// SPDX-License-Identifier: Apache-2.0
#include "etcd/pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/requests.hpp"
#include "unit/etcd/fake_transport.hpp"

namespace latchfile::test {
namespace {

using testing::ElementsAre;

std::string range_body(std::string_view from, std::int64_t revision) {
  return request::range({.key = from,
                         .end = "/a0",
                         .limit = keys_of_a_page,
                         .revision = revision,
                         .keys_only = true});
}

TEST(ForEachKey, GoesOnBehindTheLastKeyAtTheRevisionOfTheFirstPage) {
  std::vector<std::string> bodies;
  const auto gateway = gateway_to([&](const Sent& sent) {
    bodies.push_back(sent.body);
    // The keys are /a/1, /a/2 and /a/3.
    if (bodies.size() > 1) {
      return ok(R"({"header":{"revision":"9"},"kvs":[{"key":"L2EvMw=="}]})");
    }
    return ok(
        R"({"header":{"revision":"7"},"kvs":[{"key":"L2EvMQ=="},{"key":"L2EvMg=="}],"more":true})");
  });
  std::vector<std::string> keys;
  // What visits a key may keep it.
  const auto revision = for_each_key(
      *gateway, "/a/", true, [&](answer::KeyValue& pair) { keys.push_back(std::move(pair.key)); });
  ASSERT_TRUE(revision) << revision.error().message();
  EXPECT_EQ(*revision, 7);
  EXPECT_THAT(keys, ElementsAre("/a/1", "/a/2", "/a/3"));
  using namespace std::string_literals;
  EXPECT_THAT(bodies, ElementsAre(range_body("/a/", 0), range_body("/a/2\0"s, 7)));
}

}  // namespace
}  // namespace latchfile::test
