// SPDX-License-Identifier: Apache-2.0
#include "base/sorted_ids.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <endian.h>
#include <memory>
#include <numeric>

#include "base/id_text.hpp"

namespace latchfile {

void SortedIds::add(std::string_view sandbox, std::string_view container) {
  if (!id_text::is_part(container) || !id_text::fits(sandbox.size(), container.size())) return;
  std::array<char, ContainerId::max_bytes + 1> text;
  std::size_t container_at = 0;
  if (!sandbox.empty()) {
    if (!id_text::is_part(sandbox)) return;
    std::memcpy(text.data(), sandbox.data(), sandbox.size());
    text[sandbox.size()] = '/';
    container_at = sandbox.size() + 1;
  }
  std::memcpy(text.data() + container_at, container.data(), container.size());
  const auto bytes = container_at + container.size();
  texts_.push_back({0, static_cast<std::uint32_t>(block_.size()), static_cast<std::uint8_t>(bytes),
                    static_cast<std::uint8_t>(container_at)});
  block_.append(text.data(), bytes);
}

/// The bytes from `at` on. No text holds a NUL, so that padding with them keeps the order of
/// shorter before longer.
std::uint64_t SortedIds::key_of(const Text& text, std::size_t at) const {
  if (at >= text.bytes) return 0;
  std::uint64_t key = 0;
  std::memcpy(&key, block_.data() + text.at + at, sizeof key);
  const auto beyond = at + sizeof key - std::min<std::size_t>(text.bytes, at + sizeof key);
  return htobe64(key) & ~std::uint64_t{0} << 8 * beyond;
}

/// Puts texts in the order of one byte of their keys, those in which it is the same together.
void SortedIds::distribute(std::span<Text> texts, unsigned shift) {
  const auto byte_of = [&](const Text& text) { return text.key >> shift & 0xff; };
  std::array<std::uint32_t, 256> next{};
  for (const auto& text : texts)
    ++next[byte_of(text)];
  std::exclusive_scan(next.begin(), next.end(), next.begin(), std::uint32_t{0});
  scratch_.resize(std::max(scratch_.size(), texts.size()));
  for (const auto& text : texts)
    scratch_[next[byte_of(text)]++] = text;
  std::copy_n(scratch_.begin(), texts.size(), texts.begin());
}

/// Sorts texts that are all the same before `at`. Many are first told apart by one byte, few by the
/// next eight; those that are the same in these, by what follows.
void SortedIds::sort_from(std::span<Text> texts, std::size_t at) {
  constexpr std::size_t many = 64;
  std::uint64_t different = 0;
  std::uint64_t any = 0;
  for (auto& text : texts) {
    text.key = key_of(text, at);
    different |= text.key ^ texts.front().key;
    any |= text.key;
  }
  if (any == 0) return;
  unsigned shift = 0;
  if (different != 0 && texts.size() >= many) {
    shift = 56 - static_cast<unsigned>(std::countl_zero(different)) / 8 * 8;
    distribute(texts, shift);
  } else if (different != 0) {
    std::ranges::sort(texts, {}, &Text::key);
  }
  for (auto same = texts.begin(); same != texts.end();) {
    const auto end = std::find_if(same + 1, texts.end(), [&](const Text& text) {
      return (text.key ^ same->key) >> shift != 0;
    });
    if (end - same > 1) sort_from({same, end}, at + sizeof(Text::key) - shift / 8);
    same = end;
  }
}

std::vector<ContainerId> SortedIds::take() && {
  block_.append(sizeof(Text::key), '\0');
  sort_from(texts_, 0);
  const auto block = std::make_shared<const std::string>(std::move(block_));
  std::vector<ContainerId> ids;
  ids.reserve(texts_.size());
  for (const auto& text : texts_) {
    const char* const start = block->data() + text.at;
    if (!ids.empty() && ids.back().text() == std::string_view(start, text.bytes)) continue;
    ids.push_back(ContainerId({block, start}, text.bytes, text.container_at));
  }
  return ids;
}

}  // namespace latchfile
