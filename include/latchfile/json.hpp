// SPDX-License-Identifier: Apache-2.0
//
// Typed documents: a Document as a type of yours and back, through nlohmann's to_json and
// from_json. Header-only and optional: only programs that include it need nlohmann-json (3.11 or
// later).
//
//   struct Box { std::string id; int pid; };
//   NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Box, id, pid)
//
//   store.update(id, wait, [](const Snapshot& now) -> Result<Document> {
//     auto box = latchfile::from_document<Box>(now.document);
//     if (!box) return std::unexpected(box.error());
//     box->pid = 0;
//     return latchfile::to_document(*box, now.document);   // members that Box lacks stay
//   });
#pragma once

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "latchfile/document.hpp"
#include "latchfile/edit.hpp"
#include "latchfile/error.hpp"

namespace latchfile {

/// Errors: invalid_argument: the document does not have the shape of T, or holds a number that is
/// too large for a double, wherever it stands.
template <class T>
[[nodiscard]] Result<T> from_document(const Document& document) {
  try {
    return nlohmann::json::parse(document.bytes()).template get<T>();
  } catch (const nlohmann::json::exception& error) {
    return std::unexpected(Error{Errc::invalid_argument, 0,
                                 std::string("the document has another shape: ") + error.what()});
  }
}

/// A new document with the members of `value` and nothing else.
/// Errors: invalid_argument: T is not written as an object; too_large.
template <class T>
[[nodiscard]] Result<Document> to_document(const T& value) {
  try {
    return Document::parse(nlohmann::json(value).dump());
  } catch (const nlohmann::json::exception& error) {
    return std::unexpected(Error{Errc::invalid_argument, 0,
                                 std::string("the value cannot be written: ") + error.what()});
  }
}

/// `current` with the members of `value` put over its own: what T does not know survives. A member
/// that T writes as null is removed; arrays are replaced whole.
/// Errors: invalid_argument: T is not written as an object; too_large.
template <class T>
[[nodiscard]] Result<Document> to_document(const T& value, const Document& current) {
  auto fresh = to_document(value);
  if (!fresh) return fresh;
  return merge_patch(current, fresh->bytes());
}

}  // namespace latchfile
