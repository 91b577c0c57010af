// SPDX-License-Identifier: Apache-2.0
//
// JSON as text: whether it is well-formed, and where its numbers are.
//
// JSON puts no limit on numbers, but every parser does: simdjson refuses what fits neither 64 bits
// nor a double, others round it. A document is kept byte for byte, so its numbers are never
// converted here; they are found in the text, and other tokens are put in their place while a
// parser works.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "latchfile/error.hpp"

namespace latchfile {

/// Checks that `text` is one JSON value in UTF-8, nested at most Document::max_depth deep; numbers
/// may be of any size. May enlarge the capacity of `text`, never its content. Returns whether it is
/// an object. Errors: invalid_argument.
[[nodiscard]] Result<bool> check_json(std::string& text);

/// Whether `token` is a number as RFC 8259 spells it.
[[nodiscard]] bool is_json_number(std::string_view token);

/// `text` with each number outside strings replaced by what `spell` gives for it. Of a text that is
/// not JSON it makes another that is not.
[[nodiscard]] std::string replace_numbers(
    std::string_view text, const std::function<std::string(std::string_view number)>& spell);

}  // namespace latchfile
