// SPDX-License-Identifier: Apache-2.0
#include "latchfile/edit.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/bad_patch.hpp"
#include "base/json_text.hpp"

namespace latchfile {
namespace {

using Json = nlohmann::ordered_json;

/// The value of a number, whatever its size: 0.SIGNIFICANT times ten to the EXPONENT. 1, 1.0 and
/// 10e-1 are equal.
class Decimal {
 public:
  /// `text` is spelled as JSON has it.
  explicit Decimal(std::string_view text) {
    negative_ = text.starts_with('-');
    if (negative_) text.remove_prefix(1);
    const auto e = std::min(text.find_first_of("eE"), text.size());
    const auto point = std::min(text.find('.'), e);
    significant_ = text.substr(0, point);
    if (point < e) significant_.append(text.substr(point + 1, e - point - 1));
    const auto zeros = std::min(significant_.find_first_not_of('0'), significant_.size());
    significant_.erase(0, zeros);
    significant_.erase(significant_.find_last_not_of('0') + 1);
    if (significant_.empty()) {
      negative_ = false;
      return;
    }
    exponent_ = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(zeros);
    if (e < text.size()) add_exponent(text.substr(e + 1));
  }

  [[nodiscard]] friend bool operator==(const Decimal&, const Decimal&) = default;

 private:
  void add_exponent(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    constexpr auto largest = std::int64_t{1} << 62;
    std::int64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    // Exponents beyond that are compared as if they were the same.
    if (parsed.ec != std::errc()) value = text.starts_with('-') ? -largest : largest;
    exponent_ += std::clamp(value, -largest, largest);
  }

  bool negative_ = false;
  std::string significant_;
  std::int64_t exponent_ = 0;
};

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
    if (a.is_number()) return Decimal(spelling(a)) == Decimal(spelling(b));
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

/// Applies the operations of a JSON patch one by one, watching over what nlohmann's implementation
/// takes for granted.
class Patcher {
 public:
  Patcher(Json& json, const NumberTable& numbers) : json_(json), numbers_(numbers) {}

  [[nodiscard]] Result<> apply(const Json& operation) {
    try {
      if (!operation.is_object()) return std::unexpected(bad_patch("it is not an object"));
      const auto& name = operation.at("op").get_ref<const std::string&>();
      if (name == "test") return test(operation);
      if (name == "copy") {
        if (auto bounded = count(at(operation, "from")); !bounded) return bounded;
      }
      if (name == "move" || name == "remove") {
        require_container(operation, name == "move" ? "from" : "path");
      }
      if (name != "remove" && name != "replace") require_container(operation, "path");
      json_.patch_inplace(Json::array({operation}));
      return {};
    } catch (const Json::exception& error) {
      // Its texts begin with "[json.exception.…] ".
      const std::string_view text = error.what();
      return std::unexpected(bad_patch(std::string(text.substr(text.find("] ") + 2))));
    }
  }

 private:
  [[nodiscard]] static Json::json_pointer pointer(const Json& operation, const char* member) {
    return Json::json_pointer(operation.at(member).get_ref<const std::string&>());
  }
  [[nodiscard]] const Json& at(const Json& operation, const char* member) const {
    return std::as_const(json_).at(pointer(operation, member));
  }

  [[nodiscard]] Result<> test(const Json& operation) const {
    if (numbers_.equal(at(operation, "path"), operation.at("value"))) return {};
    return std::unexpected(
        bad_patch("the value at '" + pointer(operation, "path").to_string() + "' is another"));
  }

  /// What a member is put into or taken from must be able to have some: nlohmann asserts that.
  void require_container(const Json& operation, const char* member) const {
    const auto path = pointer(operation, member);
    if (path.empty()) return;
    const auto& parent = std::as_const(json_).at(path.parent_pointer());
    // This throws the exception that a missing place has anyway.
    if (!parent.is_structured()) static_cast<void>(parent.at(path.back()));
  }

  /// A document that copies itself doubles each time.
  [[nodiscard]] Result<> count(const Json& copied) {
    copied_bytes_ += copied.dump().size();
    constexpr std::size_t most_bytes = std::size_t{1} << 20;
    if (copied_bytes_ <= most_bytes) return {};
    return std::unexpected(Error{
        Errc::too_large, 0,
        "patch: its copy operations copy more than " + std::to_string(most_bytes) + " bytes"});
  }

  Json& json_;
  const NumberTable& numbers_;
  std::size_t copied_bytes_ = 0;
};

Result<Document> to_document(const Json& json, const NumberTable& numbers) {
  if (!json.is_object()) {
    return std::unexpected(bad_patch("the outcome is not an object"));
  }
  return Document::parse(numbers.dump(json));
}

}  // namespace

Result<Document> json_patch(const Document& document, std::string_view patch) {
  NumberTable numbers;
  auto operations = parse_patch(patch, numbers);
  if (!operations) return std::unexpected(std::move(operations.error()));
  if (!operations->is_array()) {
    return std::unexpected(bad_patch("a JSON patch must be an array of operations"));
  }
  auto json = numbers.parse(document.bytes());
  Patcher patcher(json, numbers);
  for (std::size_t i = 0; i < operations->size(); ++i) {
    if (auto applied = patcher.apply((*operations)[i]); !applied) {
      applied.error().context =
          "operation " + std::to_string(i) + " of the " + applied.error().context;
      return std::unexpected(std::move(applied.error()));
    }
  }
  return to_document(json, numbers);
}

}  // namespace latchfile
