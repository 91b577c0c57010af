// SPDX-License-Identifier: Apache-2.0
#include "latchfile/document.hpp"

#include <algorithm>
#include <array>

#include <sha2.h>

#include "base/json_text.hpp"

namespace latchfile {
namespace {

constexpr std::string_view version_prefix = "sha256:";

}  // namespace

Result<Document> Document::parse(std::string bytes) {
  if (bytes.size() > max_bytes) {
    return std::unexpected(Error{Errc::too_large, 0,
                                 "the document has " + std::to_string(bytes.size()) +
                                     " bytes, more than the limit of " +
                                     std::to_string(max_bytes)});
  }
  const auto is_object = check_json(bytes);
  if (!is_object) {
    return std::unexpected(
        Error{Errc::invalid_argument, 0, "not a document: " + is_object.error().context});
  }
  if (!*is_object) {
    return std::unexpected(
        Error{Errc::invalid_argument, 0, "not a document: it is JSON, but not an object in { }"});
  }
  return Document(std::move(bytes));
}

Version Document::version() const {
  std::array<char, SHA256_DIGEST_STRING_LENGTH> digest{};
  SHA256Data(reinterpret_cast<const std::uint8_t*>(bytes_.data()), bytes_.size(), digest.data());
  return Version(std::string(version_prefix) + digest.data());
}

Result<Version> Version::parse(std::string_view text) {
  constexpr auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  const bool well_formed = text.starts_with(version_prefix) &&
                           text.size() == version_prefix.size() + SHA256_DIGEST_STRING_LENGTH - 1 &&
                           std::ranges::all_of(text.substr(version_prefix.size()), is_hex);
  if (!well_formed) {
    return std::unexpected(Error{Errc::invalid_argument, 0,
                                 "invalid version: it must be sha256: and 64 hexadecimal digits, "
                                 "as an earlier read of the document gave it"});
  }
  return Version(std::string(text));
}

}  // namespace latchfile
