// SPDX-License-Identifier: Apache-2.0
//
// Moments as runtimes write them into documents, for putting them in order; and for people.
#pragma once

#include <chrono>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace latchfile {

/// A moment, to the nanosecond. Seconds and the rest are apart, since nanoseconds alone reach no
/// further than the year 2262.
struct Timestamp {
  std::chrono::sys_seconds seconds;
  std::chrono::nanoseconds rest;

  [[nodiscard]] friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

/// The moment that `text` names as RFC 3339 has it, such as 2026-11-24T13:42:42.168765534Z or
/// 2026-11-24T15:42:42+02:00; nothing if it names none. Digits behind the ninth of a fraction are
/// passed over. A leap second is the one after it.
[[nodiscard]] std::optional<Timestamp> parse_timestamp(std::string_view text);

/// In UTC, as RFC 3339 has it: 2026-11-24T13:42:42Z.
[[nodiscard]] std::string text_of(std::chrono::sys_seconds moment);

}  // namespace latchfile
