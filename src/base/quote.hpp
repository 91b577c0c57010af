// SPDX-License-Identifier: Apache-2.0
//
// Untrusted text in a one-line message: an id that was typed, a name found in a directory, a
// command line of another process.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace latchfile {

/// `text` with control characters and what is not ASCII as \xNN, and at most `max_bytes` of it
/// followed by "..." if there is more. Safe to print to a terminal.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes = 120);

/// `text` with control characters as \xNN: one line, whatever paths and arguments it quotes.
[[nodiscard]] std::string one_line(std::string_view text);

/// printable(text) between single quotes.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace latchfile
