// SPDX-License-Identifier: Apache-2.0
//
// What stands at the key of a state: one line of JSON with the id of the save that wrote it, and
// behind the line the document byte for byte.
//
//   {"latchfile":1,"save":"0123456789abcdef0123456789abcdef"}
//   {"status":"running"}
//
// The save id tells whoever got no answer whether a save was applied. The line is fixed to the
// byte, so that nothing but the 32 digits needs to be read.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "latchfile/document.hpp"

namespace latchfile::envelope {

[[nodiscard]] std::string seal(std::string_view save_id, std::string_view document);

struct Parts {
  std::string_view save_id;
  std::string_view document;
};

/// Nothing if `value` is no envelope.
[[nodiscard]] std::optional<Parts> unseal(std::string_view value);

/// The document in `value`. Errors: corrupt, too_large.
[[nodiscard]] Result<Document> document_of(std::string_view value);

/// 32 digits that nobody has had before: for a save, and for whoever takes a lock.
[[nodiscard]] std::string new_id();

}  // namespace latchfile::envelope
