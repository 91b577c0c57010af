// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.hpp"

#include <algorithm>
#include <cstdint>

#include <simdjson.h>

#include "latchfile/document.hpp"

namespace latchfile {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool may_be_in_number(char c) {
  return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

/// Takes the digits at the front of `token` off it and says whether there were any.
bool take_digits(std::string_view& token) {
  const auto end = std::ranges::find_if_not(token, is_digit);
  const auto count = static_cast<std::size_t>(end - token.begin());
  token.remove_prefix(count);
  return count > 0;
}

bool take(std::string_view& token, std::string_view one_of) {
  if (token.empty() || !one_of.contains(token.front())) return false;
  token.remove_prefix(1);
  return true;
}

Error malformed(std::string why) { return {Errc::invalid_argument, 0, std::move(why)}; }

/// `text` must have simdjson's padding behind it.
Result<bool> check(const std::string& text, simdjson::dom::parser& parser, bool numbers_replaced) {
  const auto root = parser.parse(text);
  switch (root.error()) {
    case simdjson::SUCCESS: return root.is_object();
    case simdjson::MEMALLOC: throw std::bad_alloc();
    case simdjson::EMPTY: return std::unexpected(malformed("it is empty"));
    case simdjson::UTF8_ERROR: return std::unexpected(malformed("it is not UTF-8"));
    case simdjson::DEPTH_ERROR:
      return std::unexpected(
          malformed("it is nested more than " + std::to_string(Document::max_depth) + " deep"));
    case simdjson::NUMBER_ERROR:
      if (!numbers_replaced) {
        // Well-formed numbers become a short one; what still fails then is not JSON.
        auto plain = replace_numbers(text, [](std::string_view number) {
          return is_json_number(number) ? std::string("0") : std::string(number);
        });
        plain.reserve(plain.size() + simdjson::SIMDJSON_PADDING);
        return check(plain, parser, true);
      }
      return std::unexpected(malformed("it is not JSON: a number is misspelled"));
    default:
      return std::unexpected(
          malformed(std::string("it is not JSON: ") + simdjson::error_message(root.error())));
  }
}

}  // namespace

Result<bool> check_json(std::string& text) {
  // simdjson reads whole registers past the end.
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);

  // A parser keeps about 14 bytes for each byte of the largest text it has seen, so that only texts
  // of usual size share one.
  constexpr std::size_t usual_bytes = std::size_t{256} << 10;
  static_assert(simdjson::DEFAULT_MAX_DEPTH == Document::max_depth);
  if (text.size() <= usual_bytes) {
    static thread_local simdjson::dom::parser usual;
    return check(text, usual, false);
  }
  simdjson::dom::parser large;
  return check(text, large, false);
}

bool is_json_number(std::string_view token) {
  take(token, "-");
  const bool leading_zero = token.starts_with('0');
  auto integer = token;
  if (!take_digits(token)) return false;
  if (leading_zero && integer.size() - token.size() > 1) return false;
  if (take(token, ".") && !take_digits(token)) return false;
  if (take(token, "eE")) {
    take(token, "+-");
    if (!take_digits(token)) return false;
  }
  return token.empty();
}

std::string replace_numbers(std::string_view text,
                            const std::function<std::string(std::string_view)>& spell) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    std::size_t end = at + 1;
    if (c == '"') {
      while (end < text.size() && text[end] != '"')
        end += text[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, text.size());
      out.append(text.substr(at, end - at));
    } else if (c == '-' || is_digit(c)) {
      while (end < text.size() && may_be_in_number(text[end]))
        ++end;
      out.append(spell(text.substr(at, end - at)));
    } else {
      out += c;
    }
    at = end;
  }
  return out;
}

}  // namespace latchfile
