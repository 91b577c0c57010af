// SPDX-License-Identifier: Apache-2.0
#include "latchfile/json.hpp"

#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

struct Box {
  std::string id;
  int pid = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Box, id, pid)

Document doc(const std::string& text) { return Document::parse(text).value(); }

TEST(TypedDocument, ThereAndBack) {
  const auto written = to_document(Box{"web", 7});
  ASSERT_TRUE(written);
  const auto box = from_document<Box>(*written);
  ASSERT_TRUE(box);
  EXPECT_EQ(box->id, "web");
  EXPECT_EQ(box->pid, 7);
}

TEST(TypedDocument, AnotherShapeIsInvalid) {
  for (const auto* text : {"{}", R"({"id":1,"pid":1})", R"({"id":"web","pid":"x"})"}) {
    EXPECT_EQ(from_document<Box>(doc(text)).error().code, Errc::invalid_argument) << text;
  }
}

TEST(TypedDocument, WhatTheTypeDoesNotKnowSurvives) {
  const auto current = doc(R"({"big":1e400,"id":"web","pid":1,"spec":{"a":1.0}})");
  EXPECT_EQ(to_document(Box{"web", 2}, current)->bytes(),
            R"({"big":1e400,"id":"web","pid":2,"spec":{"a":1.0}})");
}

TEST(TypedDocument, WhatIsNoObjectCannotBeWritten) {
  EXPECT_EQ(to_document(1).error().code, Errc::invalid_argument);
  EXPECT_EQ(to_document(std::string("a")).error().code, Errc::invalid_argument);
  EXPECT_EQ(to_document(Box{"\xff", 0}).error().code, Errc::invalid_argument);
}

TEST(TypedDocument, ANumberThatNoDoubleHoldsCannotBeReadIntoAType) {
  EXPECT_EQ(from_document<Box>(doc(R"({"big":1e400,"id":"web","pid":1})")).error().code,
            Errc::invalid_argument);
}

}  // namespace
}  // namespace latchfile::test
