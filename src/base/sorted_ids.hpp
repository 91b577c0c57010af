// SPDX-License-Identifier: Apache-2.0
//
// Many container ids at once: sorted, and with all their texts in one block of memory. An
// allocation and a comparison of strings for each would cost more than reading the directory that
// they are from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "latchfile/container_id.hpp"

namespace latchfile {

class SortedIds {
 public:
  /// For names of `bytes` in all: room that is not touched before it is needed costs nothing, and
  /// growing step by step would copy all that is there.
  explicit SortedIds(std::size_t bytes = 0);

  /// Adds the container `container` of the sandbox `sandbox`, or of none where that is empty. Parts
  /// that no id can be made of are passed over. At most 4 GiB of text in all.
  void add(std::string_view sandbox, std::string_view container);

  /// All that were added, in order, each once.
  [[nodiscard]] std::vector<ContainerId> take() &&;

 private:
  struct Text {
    std::uint64_t key;  ///< the 8 bytes that are compared just now, as a big-endian number
    std::uint32_t at;
    std::uint8_t bytes;  ///< none: it was there before
    std::uint8_t container_at;
  };

  [[nodiscard]] std::uint64_t key_of(const Text& text, std::size_t at) const;
  void sort_from(std::span<Text> texts, std::size_t at);
  void sort_by_key(std::span<Text> texts, std::size_t at);
  void sort_by_byte(std::span<Text> texts, std::size_t at);

  std::string block_;
  std::vector<Text> texts_;
  std::unique_ptr<Text[]> scratch_;  ///< as many as texts_, once these are all there
};

}  // namespace latchfile
