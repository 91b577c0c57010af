// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.hpp"

#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

TEST(JsonText, Numbers) {
  for (const auto* good : {"0", "-0", "1", "10", "0.5", "-1.25", "1e5", "1E-5", "0e+0", "1.0e00"}) {
    EXPECT_TRUE(is_json_number(good)) << good;
  }
  for (const auto* bad : {"", "-", "+1", "01", "-00", "1.", ".5", "1e", "1e-", "1.e1", "1e1.0",
                          "1-1", "e", "--1", "1 "}) {
    EXPECT_FALSE(is_json_number(bad)) << bad;
  }
}

TEST(JsonText, ReplacesNumbersOutsideStringsOnly) {
  const auto mark = [](std::string_view number) { return "<" + std::string(number) + ">"; };
  const auto replaced = replace_numbers(R"({"1\"2":-1.5e+3,"a":[4,"5\\",6]})", mark);
  EXPECT_EQ(replaced, R"({"1\"2":<-1.5e+3>,"a":[<4>,"5\\",<6>]})");
}

TEST(JsonText, ReplacingInWhatIsNoJsonStaysInBounds) {
  const auto same = [](std::string_view number) { return std::string(number); };
  for (const auto* text : {"", "\"", "\"\\", "\"abc", "-", "1", "{\"a\":1"}) {
    EXPECT_EQ(replace_numbers(text, same), text);
  }
}

TEST(JsonText, ChecksAnyValueAndSaysWhetherItIsAnObject) {
  for (const auto& [text, object] : {std::pair{"{}", true}, {"[]", false}, {"1e400", false}}) {
    std::string copy = text;
    EXPECT_EQ(check_json(copy), object);
    EXPECT_EQ(copy, text);
  }
}

}  // namespace
}  // namespace latchfile::test
