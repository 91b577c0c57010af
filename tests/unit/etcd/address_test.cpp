// SPDX-License-Identifier: Apache-2.0
#include "etcd/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

using namespace std::string_literals;
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
  EXPECT_TRUE(parse_address("etcd://[fe80::1%eth0]:2379/x")) << "of one link";
}

// A key in etcd is no path: nothing of it is a way up.
TEST(Address, HasAPrefixThatIsNoPath) {
  EXPECT_EQ(parse_address("etcd://a:1/a/../b/./..")->prefix, "/a/../b/./..");
  EXPECT_EQ(parse_address("etcd://a:1/" + std::string(1023, 'x'))->prefix.size(), 1024U);
  const auto longer = parse_address("etcd://a:1/" + std::string(1024, 'x'));
  ASSERT_FALSE(longer);
  EXPECT_THAT(longer.error().message(), HasSubstr("more than 1024 bytes"));
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
                                  "[::2]:1", "1127.0.0.1:1", "127.0.0.1.2:1", "127.:1"}) {
    EXPECT_FALSE(parse_address("etcd://" + other + "/x")->endpoints[0].is_local()) << other;
  }
}

TEST(Address, ThatIsMalformedSaysWhy) {
  for (const auto& wrong : std::vector<std::string>{"",
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
                                                    "etcd://a/b:1/x",
                                                    "etcd:///x",
                                                    "etcd://::1:2379/x",
                                                    "etcd://[::1]/x",
                                                    "etcd://[::1:1/x",
                                                    "etcd://[]:1/x",
                                                    "etcd://[::1::]:1/x",
                                                    "etcd://[::1%]:1/x",
                                                    "etcd://[10.0.0.1]:1/x",
                                                    "etcd://a:-1/x",
                                                    "etcd://a:1:2/x",
                                                    "etcd://a:99999999999999999999/x",
                                                    "etcd://\xc3\xa4:1/x",
                                                    "etcd://a:1/\xc3\xa4",
                                                    "etcd://a:1/x%20y",
                                                    "etcd://a:1,a:1/x",
                                                    "etcd://%2Fa,b:1,%2Fa/x",
                                                    "etcd://%2Fa\x1b[2J/x",
                                                    "etcd://[::1\0]:1/x"s,
                                                    "etcd://%2Fa\0b/x"s,
                                                    "etcd://a:1/x\0y"s}) {
    const auto address = parse_address(wrong);
    ASSERT_FALSE(address) << wrong;
    EXPECT_EQ(address.error().code, Errc::invalid_argument);
    EXPECT_THAT(address.error().message(), AllOf(Not(HasSubstr("\n")), Not(testing::IsEmpty())));
  }
}

TEST(Address, ThatIsMalformedNamesThePartAtFault) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"etcd://a:1,b:x,c:1/x", "endpoint 'b:x' of etcd is not HOST:PORT"},
      {"etcd://a:1,b:1,a:1/x", "endpoint 'a:1' of etcd is named twice"},
      {"etcd://a:1", "names no prefix"},
      {"etcd://a:1//x y", "has the prefix '//x y'"},
      {"etcd://%2F" + std::string(107, 'x') + "/x", "longer than the 107 bytes"},
  };
  for (const auto& [url, why] : cases)
    EXPECT_THAT(parse_address(url).error().message(), HasSubstr(why));
}

TEST(Address, RepeatsNoPassword) {
  const auto address = parse_address("etcd://me:hunter2@a:1/x");
  ASSERT_FALSE(address);
  EXPECT_THAT(address.error().message(), AllOf(HasSubstr("password"), Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace latchfile::test
