// SPDX-License-Identifier: Apache-2.0
//
// Lines of a text that comes in pieces.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace latchfile {

/// Takes the first line out of `received`, without its end; nothing while it is not whole.
/// `searched` is how much of it is known to have no end of a line: 0 at first.
[[nodiscard]] inline std::optional<std::string> take_line(std::string& received,
                                                          std::size_t& searched) {
  const auto end = received.find('\n', searched);
  if (end == received.npos) {
    searched = received.size();
    return std::nullopt;
  }
  auto line = received.substr(0, end);
  received.erase(0, end + 1);
  searched = 0;
  return line;
}

}  // namespace latchfile
