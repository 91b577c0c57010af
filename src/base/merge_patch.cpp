// SPDX-License-Identifier: Apache-2.0
//
// RFC 7396 on the text itself: what a patch does not name is copied byte for byte, so that numbers
// and strings keep their spelling without ever being converted.
#include <string>
#include <unordered_map>
#include <vector>

#include <simdjson.h>

#include "base/bad_patch.hpp"
#include "base/json_text.hpp"
#include "latchfile/edit.hpp"

namespace latchfile {
namespace {

bool is_object(std::string_view value) { return value.starts_with('{'); }

/// What simdjson gives for text that was checked before.
template <class T>
T sure(simdjson::simdjson_result<T> result) {
  if (result.error() == simdjson::MEMALLOC) throw std::bad_alloc();
  return std::move(result).value();
}

/// Views into the text of an object.
struct Member {
  std::string key;         ///< without escapes
  std::string_view name;   ///< from the key's quote to the value: `"key":`
  std::string_view value;  ///< `{…}` and `[…]` whole
};

/// simdjson gives it with the white space behind it.
std::string_view text_of(simdjson::ondemand::value value) {
  using simdjson::ondemand::json_type;
  const auto type = sure(value.type());
  const auto text = type == json_type::object  ? sure(sure(value.get_object()).raw_json())
                    : type == json_type::array ? sure(sure(value.get_array()).raw_json())
                                               : value.raw_json_token();
  return text.substr(0, text.find_last_not_of(" \t\n\r") + 1);
}

class Merger {
 public:
  /// Appends `target`, an object or anything else, changed by the object `patch`. Both lie in
  /// well-formed texts with simdjson's padding behind them.
  void merge(std::string_view target, std::string_view patch, std::string& to) {
    const auto changes = members_of(patch);
    std::unordered_map<std::string_view, const Member*> new_members;
    for (const auto& change : changes)
      new_members.emplace(change.key, &change);

    const auto begin = to.size();
    const auto append = [&](const Member& member, std::string_view old, std::string_view value) {
      to.append(1, to.size() == begin ? '{' : ',').append(member.name);
      if (is_object(value)) return merge(old, value, to);
      to.append(value);
    };
    for (const auto& member : members_of(target)) {
      const auto change = new_members.find(member.key);
      if (change == new_members.end()) {
        to.append(1, to.size() == begin ? '{' : ',').append(member.name).append(member.value);
        continue;
      }
      if (change->second->value != "null") append(member, member.value, change->second->value);
      new_members.erase(change);
    }
    for (const auto& change : changes) {
      if (change.value != "null" && new_members.contains(change.key)) {
        append(change, {}, change.value);
      }
    }
    to.append(to.size() == begin ? "{}" : "}");
  }

 private:
  /// In their order; of a key that is there twice, the last value in the place of the first. None
  /// of what is no object.
  std::vector<Member> members_of(std::string_view text) {
    std::vector<Member> members;
    if (!is_object(text)) return members;
    std::unordered_map<std::string, std::size_t> places;
    auto document = sure(parser_.iterate(
        simdjson::padded_string_view(text, text.size() + simdjson::SIMDJSON_PADDING)));
    for (auto field : sure(document.get_object())) {
      const char* const name = sure(field.key()).raw() - 1;  // unescaped_key() takes it away
      std::string key(sure(field.unescaped_key()));
      const auto value = text_of(sure(field.value()));
      const auto [place, is_new] = places.try_emplace(key, members.size());
      if (is_new) {
        const auto name_bytes = static_cast<std::size_t>(value.begin() - name);
        members.push_back({std::move(key), {name, name_bytes}, value});
      } else {
        members[place->second].value = value;
      }
    }
    return members;
  }

  simdjson::ondemand::parser parser_;
};

}  // namespace

Result<Document> merge_patch(const Document& document, std::string_view patch) {
  std::string changes(patch);
  const auto is_object = check_json(changes);
  if (!is_object) return std::unexpected(bad_patch(is_object.error().context));
  if (!*is_object) {
    return std::unexpected(bad_patch("a merge patch of a document must be an object"));
  }
  const auto skip_space = [](std::string_view text) { return text.substr(text.find('{')); };
  const simdjson::padded_string current(document.bytes());
  std::string merged;
  Merger().merge(skip_space(current), skip_space(changes), merged);
  return Document::parse(std::move(merged));
}

}  // namespace latchfile
