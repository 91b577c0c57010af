// SPDX-License-Identifier: Apache-2.0
//
// What a container id may be made of: the one place that knows.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "latchfile/container_id.hpp"

namespace latchfile::id_text {

/// A table, because a list of many containers asks for every character of every name.
inline constexpr auto characters = [] {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

[[nodiscard]] constexpr bool is_character(char c) {
  return characters[static_cast<unsigned char>(c)];
}

[[nodiscard]] constexpr bool is_part(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_character);
}

/// What the file name form CID_sandbox:SID adds to the two parts.
inline constexpr std::size_t sandbox_overhead = 9;

/// Whether parts of these sizes fit a file name; `sandbox` 0: there is none.
[[nodiscard]] constexpr bool fits(std::size_t sandbox, std::size_t container) {
  return container + (sandbox == 0 ? 0 : sandbox + sandbox_overhead) <= ContainerId::max_bytes;
}

}  // namespace latchfile::id_text
