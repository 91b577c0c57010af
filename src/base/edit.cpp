// SPDX-License-Identifier: Apache-2.0
#include "latchfile/edit.hpp"

#include <charconv>
#include <string>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json_text.hpp"

namespace latchfile {
namespace {

using Json = nlohmann::ordered_json;

Error bad_patch(std::string why) { return {Errc::invalid_argument, 0, "patch: " + std::move(why)}; }

/// Keeps the spelling of numbers while nlohmann's values hold their places: each number in a text
/// becomes its index in a table, and each index in the outcome becomes the number again.
class NumberTable {
 public:
  [[nodiscard]] Json parse(std::string_view checked_text) {
    return Json::parse(replace_numbers(checked_text, [&](std::string_view number) {
      const auto [entry, added] = index_.try_emplace(std::string(number), spellings_.size());
      if (added) spellings_.emplace_back(number);
      return std::to_string(entry->second);
    }));
  }

  [[nodiscard]] std::string dump(const Json& json) const {
    return replace_numbers(json.dump(), [&](std::string_view index) {
      return spellings_[std::stoul(std::string(index))];
    });
  }

  /// Equality as RFC 6902, section 4.6, has it: numbers by value, members in any order.
  [[nodiscard]] bool equal(const Json& a, const Json& b) const {
    if (a.type() != b.type()) return false;
    if (a.is_number()) return same_number(spelling(a), spelling(b));
    if (!a.is_structured()) return a == b;
    if (a.size() != b.size()) return false;
    if (a.is_array()) {
      for (std::size_t i = 0; i < a.size(); ++i) {
        if (!equal(a[i], b[i])) return false;
      }
      return true;
    }
    for (const auto& [key, value] : a.items()) {
      const auto other = b.find(key);
      if (other == b.end() || !equal(value, *other)) return false;
    }
    return true;
  }

 private:
  [[nodiscard]] const std::string& spelling(const Json& number) const {
    return spellings_[number.get<std::size_t>()];
  }

  /// Whole numbers are compared exactly while they fit, everything else as doubles.
  [[nodiscard]] static bool same_number(const std::string& a, const std::string& b) {
    if (a == b) return true;
    if (const auto x = whole(a), y = whole(b); x && y) return *x == *y;
    double x = 0;
    double y = 0;
    const auto x_end = std::from_chars(a.data(), a.data() + a.size(), x);
    const auto y_end = std::from_chars(b.data(), b.data() + b.size(), y);
    // What no double can hold is equal only to its own spelling.
    return x_end.ec == std::errc() && y_end.ec == std::errc() && x == y;
  }
  [[nodiscard]] static std::optional<long long> whole(const std::string& text) {
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
  }

  std::vector<std::string> spellings_;
  std::unordered_map<std::string, std::size_t> index_;
};

Result<Json> parse_patch(std::string_view text, NumberTable& numbers) {
  std::string copy(text);
  if (auto checked = check_json(copy); !checked) {
    return std::unexpected(bad_patch(std::move(checked.error().context)));
  }
  return numbers.parse(copy);
}

/// Applies one operation of a JSON patch to `json`.
Result<> apply(Json& json, const Json& operation, const NumberTable& numbers) {
  try {
    if (!operation.is_object() || operation.value("op", Json()) != "test") {
      json.patch_inplace(Json::array({operation}));
      return {};
    }
    const auto& path = operation.at("path").get_ref<const std::string&>();
    if (numbers.equal(json.at(Json::json_pointer(path)), operation.at("value"))) return {};
    return std::unexpected(bad_patch("the value at '" + path + "' is another"));
  } catch (const Json::exception& error) {
    return std::unexpected(bad_patch(error.what()));
  }
}

Result<Document> to_document(const Json& json, const NumberTable& numbers) {
  if (!json.is_object()) {
    return std::unexpected(bad_patch("the outcome is not an object"));
  }
  return Document::parse(numbers.dump(json));
}

}  // namespace

Result<Document> merge_patch(const Document& document, std::string_view patch) {
  NumberTable numbers;
  auto changes = parse_patch(patch, numbers);
  if (!changes) return std::unexpected(std::move(changes.error()));
  if (!changes->is_object()) {
    return std::unexpected(bad_patch("a merge patch of a document must be an object"));
  }
  auto json = numbers.parse(document.bytes());
  json.merge_patch(*changes);
  return to_document(json, numbers);
}

Result<Document> json_patch(const Document& document, std::string_view patch) {
  NumberTable numbers;
  auto operations = parse_patch(patch, numbers);
  if (!operations) return std::unexpected(std::move(operations.error()));
  if (!operations->is_array()) {
    return std::unexpected(bad_patch("a JSON patch must be an array of operations"));
  }
  auto json = numbers.parse(document.bytes());
  for (std::size_t i = 0; i < operations->size(); ++i) {
    if (auto applied = apply(json, (*operations)[i], numbers); !applied) {
      applied.error().context =
          "operation " + std::to_string(i) + " of the " + applied.error().context;
      return std::unexpected(std::move(applied.error()));
    }
  }
  return to_document(json, numbers);
}

}  // namespace latchfile
