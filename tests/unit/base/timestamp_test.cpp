// SPDX-License-Identifier: Apache-2.0
#include "base/timestamp.hpp"

#include <gtest/gtest.h>
#include <string>

namespace latchfile::test {
namespace {

Timestamp at(long seconds, long nanoseconds = 0) {
  return {std::chrono::sys_seconds(std::chrono::seconds(seconds)),
          std::chrono::nanoseconds(nanoseconds)};
}

TEST(Timestamp, IsReadAsRuntimesWriteIt) {
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00Z"), at(0));
  EXPECT_EQ(parse_timestamp("2026-11-24T13:42:42.168765534Z"), at(1795527762, 168765534));
  EXPECT_EQ(parse_timestamp("2026-11-24T13:42:42.4z"), at(1795527762, 400000000));
  EXPECT_EQ(parse_timestamp("2026-11-24 13:42:42.000000001Z"), at(1795527762, 1));
  EXPECT_EQ(parse_timestamp("2026-11-24T13:42:42.12345678999Z"), at(1795527762, 123456789));
  EXPECT_EQ(parse_timestamp("2024-02-29T23:59:60Z"), parse_timestamp("2024-03-01T00:00:00Z"));
}

TEST(Timestamp, OfAnotherZoneIsTheSameMoment) {
  EXPECT_EQ(parse_timestamp("2026-11-24T15:42:42+02:00"), at(1795527762));
  EXPECT_EQ(parse_timestamp("2026-11-24T05:12:42.5-08:30"), at(1795527762, 500000000));
  EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00+23:59"), at(-86340));
}

TEST(Timestamp, CanBeAsFarAwayAsYearsReach) {
  EXPECT_EQ(parse_timestamp("0000-01-01T00:00:00Z"), at(-62167219200));
  EXPECT_EQ(parse_timestamp("9999-12-31T23:59:59.999999999Z"), at(253402300799, 999999999));
}

TEST(Timestamp, ComesBeforeLaterOnes) {
  const std::vector<std::string> in_order = {
      "0001-01-01T00:00:00Z",   "2026-11-24T13:42:42Z",      "2026-11-24T13:42:42.000000001Z",
      "2026-11-24T13:42:42.1Z", "2026-11-24T13:42:43+00:00", "2026-11-24T13:42:43-00:01"};
  for (std::size_t i = 1; i < in_order.size(); ++i)
    EXPECT_LT(parse_timestamp(in_order[i - 1]), parse_timestamp(in_order[i])) << in_order[i];
}

TEST(Timestamp, OfAnyOtherFormIsNone) {
  for (const auto* text : {"",
                           "-",
                           "yesterday",
                           "1795527762",
                           "2026-11-24",
                           "2026-11-24T13:42Z",
                           "2026-11-24T13:42:42",
                           "2026-11-24T13:42:42.Z",
                           "2026-11-24T13:42:42.1",
                           "2026-11-24T13:42:42ZZ",
                           "2026-11-24T13:42:42+02",
                           "2026-11-24T13:42:42+0200",
                           "2026-11-24T13:42:42+24:00",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-32T00:00:00Z",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:61Z",
                           "+026-01-01T00:00:00Z",
                           " 2026-01-01T00:00:00Z",
                           "2026-1-01T00:00:00Z",
                           "2026-01-01T00:00:00,5Z"}) {
    EXPECT_FALSE(parse_timestamp(text)) << text;
  }
}

TEST(Timestamp, OfASecondIsWrittenAsItIsRead) {
  EXPECT_EQ(text_of(at(0).seconds), "1970-01-01T00:00:00Z");
  EXPECT_EQ(text_of(at(1795527762).seconds), "2026-11-24T13:42:42Z");
  EXPECT_EQ(text_of(at(-1).seconds), "1969-12-31T23:59:59Z");
  for (const auto* text : {"0001-02-03T04:05:06Z", "2024-02-29T00:00:00Z", "2026-12-31T23:59:59Z",
                           "9999-12-31T23:59:59Z"}) {
    EXPECT_EQ(text_of(parse_timestamp(text).value().seconds), text);
  }
}

}  // namespace
}  // namespace latchfile::test
