// SPDX-License-Identifier: Apache-2.0
//
// Document: one JSON object, kept byte for byte. Version: a token that equals another only if the
// documents do.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "latchfile/error.hpp"
#include "latchfile/export.hpp"

namespace latchfile {

/// An opaque token of a document: equal versions mean equal documents. A document that is changed
/// and changed back has its old version again.
class LATCHFILE_EXPORT Version {
 public:
  /// Reads a token that text() gave. Errors: invalid_argument.
  [[nodiscard]] static Result<Version> parse(std::string_view text);

  /// Printable ASCII without spaces.
  [[nodiscard]] const std::string& text() const { return text_; }

  [[nodiscard]] friend bool operator==(const Version&, const Version&) = default;

 private:
  friend class Document;
  explicit Version(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

/// The state of one container: a JSON object (RFC 8259) in UTF-8, without a byte order mark.
///
/// The bytes are kept as they are: unknown members, the order of members, white space and the
/// spelling of numbers survive. Of an object that has a member twice, both survive here; readers
/// differ in which they see. A moved-from Document may only be assigned to or destroyed.
class LATCHFILE_EXPORT Document {
 public:
  static constexpr std::size_t max_bytes = std::size_t{16} << 20;
  /// How deep arrays and objects may be nested.
  static constexpr std::size_t max_depth = 1024;

  /// Checks `bytes` and keeps them.
  /// Errors: invalid_argument (empty, not JSON, not an object, not UTF-8, too deep), too_large.
  [[nodiscard]] static Result<Document> parse(std::string bytes);

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

  /// Computed from all bytes at each call (SHA-256).
  [[nodiscard]] Version version() const;

  [[nodiscard]] friend bool operator==(const Document&, const Document&) = default;

 private:
  explicit Document(std::string bytes) : bytes_(std::move(bytes)) {}

  std::string bytes_;
};

/// A document as it was found at one moment.
struct Snapshot {
  Document document;

  [[nodiscard]] Version version() const { return document.version(); }
};

}  // namespace latchfile
