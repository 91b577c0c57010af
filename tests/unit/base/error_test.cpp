// SPDX-License-Identifier: Apache-2.0
#include "latchfile/error.hpp"

#include <cerrno>
#include <gtest/gtest.h>
#include <set>

namespace latchfile::test {
namespace {

TEST(Error, MessageAddsTheMeaningOfErrno) {
  EXPECT_EQ((Error{Errc::io, ENOSPC, "save web"}).message(), "save web: No space left on device");
  EXPECT_EQ((Error{Errc::locked, 0, "web is held"}).message(), "web is held");
}

TEST(Error, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Errc::io); ++code) {
    names.insert(to_string(static_cast<Errc>(code)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Errc::io) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace latchfile::test
