// SPDX-License-Identifier: Apache-2.0
//
// Edits. The first line of an input is the document, the rest is the patch, tried as both kinds. An
// outcome is a document, an edit that fails says so with one of its two codes, and no number is in
// the outcome that was not spelled like that before.
#include <set>
#include <string>

#include "base/json_text.hpp"
#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"
#include "latchfile/edit.hpp"

namespace latchfile::fuzz {
namespace {

using Numbers = std::set<std::string, std::less<>>;

void collect_numbers(std::string_view text, Numbers& into) {
  static_cast<void>(replace_numbers(text, [&](std::string_view number) {
    into.emplace(number);
    return std::string();
  }));
}

void check_outcome(const Document& before, std::string_view patch, const Result<Document>& after) {
  if (!after) {
    require(after.error().code == Errc::invalid_argument || after.error().code == Errc::too_large,
            "an edit fails with invalid_argument or too_large");
    return;
  }
  require(Document::parse(after->bytes()).has_value(), "the outcome is a document");
  Numbers known;
  collect_numbers(before.bytes(), known);
  collect_numbers(patch, known);
  Numbers used;
  collect_numbers(after->bytes(), used);
  for (const auto& number : used)
    require(known.contains(number), "a number keeps its spelling");
}

void check_merge(const Document& before, std::string_view patch) {
  const auto once = merge_patch(before, patch);
  check_outcome(before, patch, once);
  if (!once) return;
  const auto twice = merge_patch(*once, patch);
  require(twice && *twice == *once, "a merge patch that is applied again changes nothing");
}

}  // namespace

void edit(std::string_view input) {
  const auto line = input.substr(0, input.find('\n'));
  const auto patch = input.substr(std::min(line.size() + 1, input.size()));
  const auto document = Document::parse(std::string(line));
  if (!document) return;

  check_merge(*document, patch);
  check_outcome(*document, patch, json_patch(*document, patch));
  require(document->bytes() == line, "an edit leaves the document that it was given alone");

  const auto merged = merge_patch(*document, "{}");
  const auto patched = json_patch(*document, "[]");
  // A merge leaves the escapes of strings as they are, a patch spells them anew.
  const auto both = merged ? json_patch(*merged, "[]") : merged;
  require(both && patched && *both == *patched, "edits that ask for nothing agree");
}

}  // namespace latchfile::fuzz
