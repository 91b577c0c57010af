// SPDX-License-Identifier: Apache-2.0
//
// Documents: what is accepted is a JSON object in UTF-8 by the judgement of another parser, and it
// is kept byte for byte.
#include <string>

#include <nlohmann/json.hpp>

#include "base/json_text.hpp"
#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"
#include "latchfile/document.hpp"

namespace latchfile::fuzz {
namespace {

std::string same(std::string_view number) { return std::string(number); }

/// Numbers of any size are JSON, but nlohmann refuses what fits no double.
std::string with_short_numbers(std::string_view text) {
  return replace_numbers(text, [](std::string_view number) {
    return is_json_number(number) ? std::string("0") : std::string(number);
  });
}

/// How deep the brackets outside strings go.
std::size_t depth_of(std::string_view text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '{' || c == '[')) {
      deepest = std::max(deepest, ++depth);
    } else if (!in_string && (c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

/// The second opinion. nlohmann takes a NUL for the end of the text and skips a byte order mark;
/// neither is JSON.
bool is_object(std::string_view text) {
  if (text.contains('\0') || text.starts_with("\xEF\xBB\xBF")) return false;
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && text[first] == '{' &&
         nlohmann::json::accept(with_short_numbers(text));
}

}  // namespace

void document(std::string_view input) {
  require(replace_numbers(input, same) == input, "replace_numbers changes nothing but numbers");

  const auto parsed = Document::parse(std::string(input));
  // Where the limit lies exactly is document_test's; here it is only not to be the difference.
  if (depth_of(input) < Document::max_depth) {
    require(parsed.has_value() == is_object(input), "a document is what nlohmann takes for one");
  }
  if (!parsed) {
    require(parsed.error().code == Errc::invalid_argument,
            "what is no document is invalid_argument");
    return;
  }
  require(parsed->bytes() == input, "a document is kept byte for byte");
  const auto version = parsed->version();
  const auto read_back = Version::parse(version.text());
  require(read_back && *read_back == version, "a version comes back from its text");
}

}  // namespace latchfile::fuzz
