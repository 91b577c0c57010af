// SPDX-License-Identifier: Apache-2.0
#include "base/quote.hpp"

#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

TEST(Quote, LeavesPrintableAsciiAlone) { EXPECT_EQ(in_quotes("a b~"), "'a b~'"); }

TEST(Quote, EscapesControlCharactersAndWhatIsNotAscii) {
  EXPECT_EQ(printable(std::string_view("\n\0\x1f\x7f\x80\xff", 6)),
            "\\x0a\\x00\\x1f\\x7f\\x80\\xff");
}

TEST(Quote, CutsWhatIsTooLong) {
  EXPECT_EQ(printable("12345", 5), "12345");
  EXPECT_EQ(printable("123456", 5), "12345...");
}

}  // namespace
}  // namespace latchfile::test
