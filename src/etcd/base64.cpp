// SPDX-License-Identifier: Apache-2.0
#include "etcd/base64.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace latchfile::base64 {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xff;

constexpr auto digits = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}();

constexpr std::uint32_t byte(char c) { return static_cast<unsigned char>(c); }

}  // namespace

void append_to(std::string& out, std::string_view bytes) {
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto here = bytes.substr(at, 3);
    std::uint32_t bits = byte(here[0]) << 16;
    if (here.size() > 1) bits |= byte(here[1]) << 8;
    if (here.size() > 2) bits |= byte(here[2]);
    out += alphabet[bits >> 18];
    out += alphabet[bits >> 12 & 63];
    out += here.size() > 1 ? alphabet[bits >> 6 & 63] : '=';
    out += here.size() > 2 ? alphabet[bits & 63] : '=';
  }
}

std::optional<std::string> decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const auto spelled = text.substr(0, text.size() - padding);
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < spelled.size(); at += 4) {
    const auto here = spelled.substr(at, 4);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const auto digit = i < here.size() ? digits[byte(here[i])] : std::uint8_t{0};
      if (digit == no_digit) return std::nullopt;
      bits = bits << 6 | digit;
    }
    const std::array<char, 3> bytes = {static_cast<char>(bits >> 16), static_cast<char>(bits >> 8),
                                       static_cast<char>(bits)};
    out.append(bytes.data(), here.size() - 1);
  }
  return out;
}

}  // namespace latchfile::base64
