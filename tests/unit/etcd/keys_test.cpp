// SPDX-License-Identifier: Apache-2.0
#include "etcd/keys.hpp"

#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

TEST(Keys, OfSomeStatesAreTheRangeOfThese) {
  const Keys keys("/x");
  const auto id = [](std::string_view text) { return ContainerId::parse(text).value(); };
  const auto some = keys.states_of({id("web"), id("db"), id("pod/a")});
  EXPECT_EQ(some.from, "/x/c/db");
  EXPECT_EQ(some.end, std::string("/x/c/web") + '\0');
  const auto one = keys.states_of({id("web")});
  EXPECT_EQ(one.from, "/x/c/web");
  EXPECT_EQ(one.end, std::string("/x/c/web") + '\0');
}

TEST(Keys, OfNoStatesAreARangeInWhichNobodyWrites) {
  const Keys keys("/x");
  const auto none = keys.states_of({});
  EXPECT_EQ(none.from, "/x/c/");
  EXPECT_EQ(none.end, std::string("/x/c/") + '\0');
}

}  // namespace
}  // namespace latchfile::test
