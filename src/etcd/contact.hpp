// SPDX-License-Identifier: Apache-2.0
//
// The value of a contact key: when its machine was last heard of, by its own clock, and the id of
// the write that said so.
//
//   {"seen":1764270000,"write":"0123456789abcdef0123456789abcdef"}
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "etcd/answers.hpp"

namespace latchfile::contact {

struct Contact {
  std::chrono::sys_seconds seen;
  std::string write;
};

[[nodiscard]] inline std::string describe(std::chrono::sys_seconds seen, std::string_view write) {
  return "{\"seen\":" + std::to_string(seen.time_since_epoch().count()) + ",\"write\":\"" +
         std::string(write) + "\"}";
}

/// Nothing if `value` is something else.
[[nodiscard]] inline std::optional<Contact> read(std::string value) {
  auto read = answer::read_contact(value);
  if (!read) return std::nullopt;
  return Contact{std::chrono::sys_seconds(std::chrono::seconds(read->seen)),
                 std::move(read->write)};
}

}  // namespace latchfile::contact
