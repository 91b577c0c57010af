// SPDX-License-Identifier: Apache-2.0
//
// Documents that carry a number at both ends, so that half of one and half of another is
// recognised.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "latchfile/container_id.hpp"
#include "latchfile/document.hpp"

namespace latchfile::test {

/// For ids and documents that a test spells correctly; throws if it does not.
[[nodiscard]] inline ContainerId id_of(std::string_view text) {
  return ContainerId::parse(text).value();
}
[[nodiscard]] inline Document document_of(std::string bytes) {
  return Document::parse(std::move(bytes)).value();
}

inline constexpr std::string_view number_opening = R"({"first":)";
inline constexpr std::string_view number_closing = R"(,"last":)";

/// `{"first":N,"padding":"…","last":N}`: its length changes with `number`, and with it where a tear
/// would be.
[[nodiscard]] inline Document numbered(long number) {
  const auto text = std::to_string(number);
  const std::string padding(static_cast<std::size_t>(number % 97) * 50, 'x');
  return document_of(std::string(number_opening) + text + R"(,"padding":")" + padding + '"' +
                     std::string(number_closing) + text + "}");
}

/// The number of such a document; nothing if its ends differ or it is another document.
[[nodiscard]] inline std::optional<long> number_in(const Document& document) {
  const std::string_view bytes = document.bytes();
  const auto closing = bytes.rfind(number_closing);
  if (!bytes.starts_with(number_opening) || closing == bytes.npos) return std::nullopt;
  const auto read = [](std::string_view text) {
    long number = -1;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  };
  const auto first = read(bytes.substr(number_opening.size()));
  const auto last = read(bytes.substr(closing + number_closing.size()));
  if (first < 0 || first != last) return std::nullopt;
  return first;
}

/// The change that counts one further.
[[nodiscard]] inline Result<Document> increment(const Snapshot& now) {
  const auto number = number_in(now.document);
  if (!number) return std::unexpected(Error{Errc::corrupt, 0, "torn: " + now.document.bytes()});
  return numbered(*number + 1);
}

}  // namespace latchfile::test
