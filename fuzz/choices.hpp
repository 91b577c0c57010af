// SPDX-License-Identifier: Apache-2.0
//
// Choices: an input read as a sequence of decisions, for targets that build something. Past its end
// every decision is 0 and every text empty, so that each input means something and a prefix of an
// input means something similar.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace latchfile::fuzz {

class Choices {
 public:
  explicit Choices(std::string_view input) : rest_(input) {}

  [[nodiscard]] bool left() const { return !rest_.empty(); }

  /// One byte.
  [[nodiscard]] unsigned byte() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }

  /// From 0 to `count` - 1. `count` is at most 256.
  [[nodiscard]] std::size_t below(std::size_t count) { return byte() % count; }

  /// A byte that is the length, and that many more.
  [[nodiscard]] std::string_view text() {
    const auto length = std::min<std::size_t>(byte(), rest_.size());
    const auto text = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return text;
  }

 private:
  std::string_view rest_;
};

}  // namespace latchfile::fuzz
