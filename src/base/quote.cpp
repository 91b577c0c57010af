// SPDX-License-Identifier: Apache-2.0
#include "base/quote.hpp"

namespace latchfile {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

/// Appends `text` with what `is_odd` says as \xNN.
template <class IsOdd>
void append_escaped(std::string& out, std::string_view text, IsOdd is_odd) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (const char c : text) {
    if (!is_odd(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append("\\x").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
  }
}

}  // namespace

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  append_escaped(out, text.substr(0, max_bytes),
                 [](char c) { return is_control(c) || !is_ascii(c); });
  if (text.size() > max_bytes) out += "...";
  return out;
}

std::string one_line(std::string_view text) {
  std::string out;
  append_escaped(out, text, is_control);
  return out;
}

std::string in_quotes(std::string_view text) {
  return std::string("'").append(printable(text)).append("'");
}

}  // namespace latchfile
