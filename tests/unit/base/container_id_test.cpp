// SPDX-License-Identifier: Apache-2.0
#include "latchfile/container_id.hpp"

#include <gtest/gtest.h>
#include <unordered_set>

namespace latchfile::test {
namespace {

bool is_id(std::string_view text) { return ContainerId::parse(text).has_value(); }

TEST(ContainerId, OfOnePart) {
  const auto id = ContainerId::parse("web").value();
  EXPECT_EQ(id.text(), "web");
  EXPECT_EQ(id.container(), "web");
  EXPECT_EQ(id.sandbox(), "");
}

TEST(ContainerId, OfTwoParts) {
  const auto id = ContainerId::parse("pod1/web").value();
  EXPECT_EQ(id.text(), "pod1/web");
  EXPECT_EQ(id.container(), "web");
  EXPECT_EQ(id.sandbox(), "pod1");
  EXPECT_EQ(id, ContainerId::in_sandbox("pod1", "web"));
}

TEST(ContainerId, EveryByteIsAllowedOrNotAsTheFormatSays) {
  const std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (c == '/') continue;
    EXPECT_EQ(is_id(std::string("a") + c), allowed.contains(c)) << byte;
    EXPECT_EQ(is_id(std::string("s") + c + "/a"), allowed.contains(c)) << byte;
  }
}

TEST(ContainerId, EmptyPartsAreRefused) {
  for (const auto* text : {"", "/", "a/", "/a", "//", "a//b", "a/b/", "/a/b", "a/b/c"}) {
    EXPECT_FALSE(is_id(text)) << text;
  }
  EXPECT_FALSE(ContainerId::in_sandbox("", "a"));
  EXPECT_FALSE(ContainerId::in_sandbox("a", ""));
  EXPECT_FALSE(ContainerId::in_sandbox("a/b", "c"));
}

TEST(ContainerId, DotsAreNamesLikeOthers) {
  for (const auto* text : {".", "..", "./.", "../..", "-rf", "--", "+"}) {
    EXPECT_TRUE(is_id(text)) << text;
  }
}

TEST(ContainerId, TheLimitWithoutASandbox) {
  EXPECT_TRUE(is_id(std::string(ContainerId::max_bytes, 'a')));
  EXPECT_FALSE(is_id(std::string(ContainerId::max_bytes + 1, 'a')));
}

TEST(ContainerId, TheLimitWithASandboxCountsBothParts) {
  constexpr auto both = ContainerId::max_bytes - 9;
  for (const std::size_t sandbox : {std::size_t{1}, both / 2, both - 1}) {
    const std::string s(sandbox, 's');
    const std::string c(both - sandbox, 'c');
    EXPECT_TRUE(ContainerId::in_sandbox(s, c));
    EXPECT_FALSE(ContainerId::in_sandbox(s + "s", c));
    EXPECT_FALSE(is_id(s + "/" + c + "c"));
  }
}

TEST(ContainerId, ErrorsAreOneSafeLineOfBoundedLength) {
  for (const auto& text : {std::string("a\nb"), std::string("\x1b[2J"), std::string("a\0b", 3),
                           std::string(100000, '*'), std::string(100000, 'a')}) {
    const auto id = ContainerId::parse(text);
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().code, Errc::invalid_argument);
    for (const char c : id.error().message())
      EXPECT_TRUE(c >= 0x20 && c < 0x7f);
    EXPECT_LT(id.error().message().size(), 400u);
  }
}

TEST(ContainerId, OrdersByText) {
  const auto a = ContainerId::parse("a").value();
  const auto a_b = ContainerId::parse("a/b").value();
  const auto b = ContainerId::parse("b").value();
  EXPECT_LT(a, a_b);
  EXPECT_LT(a_b, b);
  EXPECT_NE(a, b);
  EXPECT_EQ((std::unordered_set<ContainerId>{a, b, a}).size(), 2u);
}

}  // namespace
}  // namespace latchfile::test
