// SPDX-License-Identifier: Apache-2.0
//
// Ids and file names: an id that is accepted is kept as it is, fits a file name, and comes back
// from each of its file names; a file name that is taken for ours is exactly the one that its id
// gives.
#include <algorithm>

#include "base/quote.hpp"
#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"
#include "latchfile/container_id.hpp"
#include "latchfile/document.hpp"
#include "local/names.hpp"

namespace latchfile::fuzz {
namespace {

constexpr std::size_t longest_file_name = 255;

bool is_one_line(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c < 0x80; });
}

/// The grammar of docs/format.md, once more and in other words.
bool is_part(std::string_view text) {
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-";
  return !text.empty() && text.find_first_not_of(allowed) == text.npos;
}

bool is_id(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos) return is_part(text) && text.size() <= ContainerId::max_bytes;
  return is_part(text.substr(0, slash)) && is_part(text.substr(slash + 1)) &&
         text.size() - 1 + 9 <= ContainerId::max_bytes;
}

void check_names(const ContainerId& id) {
  for (const auto suffix : {names::state_suffix, names::lock_suffix, names::temp_suffix}) {
    const auto name = names::stem(id).append(suffix);
    require(name.size() <= longest_file_name, "every file name fits a directory entry");
    require(!name.contains('/'), "a file name stays in the root");
    require(name != "." && name != "..", "a file name is no name of a directory");
    const auto back = names::parse(name, suffix);
    require(back && *back == id, "an id comes back from its file names");
  }
}

void check_id(std::string_view text) {
  const auto id = ContainerId::parse(text);
  require(id.has_value() == is_id(text), "an id is what format.md says");
  if (!id) {
    require(id.error().code == Errc::invalid_argument, "a malformed id is invalid_argument");
    require(is_one_line(id.error().message()), "an error is one line");
    return;
  }
  require(id->text() == text, "an id is kept as it is");
  if (!id->sandbox().empty()) {
    const auto joined = ContainerId::in_sandbox(id->sandbox(), id->container());
    require(joined && *joined == *id, "the parts of an id make it again");
  }
  check_names(*id);
}

void check_file_name(std::string_view name) {
  if (name.contains('/')) return;  // no directory has such a name
  for (const auto suffix : {names::state_suffix, names::lock_suffix, names::temp_suffix}) {
    const auto id = names::parse(name, suffix);
    if (!id) continue;
    require(names::stem(*id).append(suffix) == name, "two file names are never one id");
  }
}

}  // namespace

void ids(std::string_view input) {
  check_id(input);
  check_file_name(input);
  if (const auto version = Version::parse(input)) {
    require(version->text() == input, "a version is kept as it is");
  }
  require(is_one_line(one_line(input)), "one_line is one line");
  const auto quoted = in_quotes(input);
  require(is_one_line(quoted) && is_ascii(quoted), "what is quoted is safe to print");
}

}  // namespace latchfile::fuzz
