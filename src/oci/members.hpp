// SPDX-License-Identifier: Apache-2.0
//
// Going through the members of a document, once and in the order in which they stand there.
#pragma once

#include <string>
#include <string_view>

#include <simdjson.h>

#include "latchfile/document.hpp"

namespace latchfile::oci {

using JsonValue = simdjson::ondemand::value;

/// Calls `visit(key, value)` for each member of `from`; false if that is no object.
template <class Visit>
bool for_each_member(JsonValue from, Visit visit) {
  simdjson::ondemand::object members;
  if (from.get_object().get(members) != simdjson::SUCCESS) return false;
  for (auto member : members) {
    std::string_view key;
    JsonValue content;
    if (member.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    // The key lies in the parser's buffer, where the value may be written next.
    const std::string name(key);
    if (member.value().get(content) != simdjson::SUCCESS) return false;
    visit(std::string_view(name), content);
  }
  return true;
}

template <class Visit>
void for_each_member(const Document& document, Visit visit) {
  static thread_local simdjson::ondemand::parser parser;
  const simdjson::padded_string text(document.bytes());
  simdjson::ondemand::document json;
  JsonValue root;
  if (parser.iterate(text).get(json) != simdjson::SUCCESS) return;
  if (json.get_value().get(root) != simdjson::SUCCESS) return;
  for_each_member(root, visit);
}

/// False, and `into` as it was, if `from` is no string.
inline bool read_string(JsonValue from, std::string& into) {
  std::string_view text;
  if (from.get_string().get(text) != simdjson::SUCCESS) return false;
  into = text;
  return true;
}

}  // namespace latchfile::oci
