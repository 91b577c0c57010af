// SPDX-License-Identifier: Apache-2.0
//
// Base64 with padding (RFC 4648, section 4): how etcd's gateway spells keys and values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace latchfile::base64 {

void append_to(std::string& out, std::string_view bytes);

/// Nothing if `text` is not base64.
[[nodiscard]] std::optional<std::string> decode(std::string_view text);

}  // namespace latchfile::base64
