// SPDX-License-Identifier: Apache-2.0
#include "etcd/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(Address, HasEndpointsAndAPrefix) {
  const auto address = parse_address("etcd://10.0.0.7:2379,etcd-2.example:2379,[::1]:1/a/b.c/");
  ASSERT_TRUE(address) << address.error().message();
  ASSERT_EQ(address->endpoints.size(), 3U);
  EXPECT_EQ(address->endpoints[0].host_and_port, "10.0.0.7:2379");
  EXPECT_EQ(address->endpoints[1].text(), "etcd-2.example:2379");
  EXPECT_EQ(address->endpoints[2].host_and_port, "[::1]:1");
  EXPECT_EQ(address->prefix, "/a/b.c");
}

TEST(Address, MayBeASocket) {
  const auto address = parse_address("etcd://%2Frun%2Fetcd.sock/x");
  ASSERT_TRUE(address) << address.error().message();
  EXPECT_EQ(address->endpoints[0].unix_path, "/run/etcd.sock");
  EXPECT_TRUE(address->endpoints[0].is_local());
}

TEST(Address, IsLocalOnlyIfItIsOfThisMachine) {
  for (const std::string local : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"}) {
    EXPECT_TRUE(parse_address("etcd://" + local + "/x")->endpoints[0].is_local()) << local;
  }
  for (const std::string other : {"10.0.0.1:1", "127.evil.example:1", "localhost.evil.example:1",
                                  "[::2]:1", "1127.0.0.1:1"}) {
    EXPECT_FALSE(parse_address("etcd://" + other + "/x")->endpoints[0].is_local()) << other;
  }
}

TEST(Address, ThatIsMalformedSaysWhy) {
  for (const std::string wrong : {"",
                                  "etcd:",
                                  "etcd://",
                                  "http://a:1/x",
                                  "etcd://a/x",
                                  "etcd://a:0/x",
                                  "etcd://a:65536/x",
                                  "etcd://a:1x/x",
                                  "etcd://:1/x",
                                  "etcd://a:1,/x",
                                  "etcd://a b:1/x",
                                  "etcd://a:1",
                                  "etcd://a:1/",
                                  "etcd://a:1//",
                                  "etcd://a:1//x",
                                  "etcd://a:1/x//y",
                                  "etcd://a:1/x y",
                                  "etcd://a:1/x?y",
                                  "etcd://a:1/x%2Fy",
                                  "etcd://%2F%00/x",
                                  "etcd://a\n:1/x",
                                  "etcd://a/b:1/x"}) {
    const auto address = parse_address(wrong);
    ASSERT_FALSE(address) << wrong;
    EXPECT_EQ(address.error().code, Errc::invalid_argument);
    EXPECT_THAT(address.error().message(), AllOf(Not(HasSubstr("\n")), Not(testing::IsEmpty())));
  }
}

TEST(Address, RepeatsNoPassword) {
  const auto address = parse_address("etcd://me:hunter2@a:1/x");
  ASSERT_FALSE(address);
  EXPECT_THAT(address.error().message(), AllOf(HasSubstr("password"), Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace latchfile::test
