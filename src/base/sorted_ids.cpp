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

SortedIds::SortedIds(std::size_t bytes) {
  constexpr std::size_t bytes_of_a_short_name = 16;
  block_.reserve(bytes);
  texts_.reserve(bytes / bytes_of_a_short_name);
}

void SortedIds::add(std::string_view sandbox, std::string_view container) {
  if (!id_text::is_part(container) || !id_text::fits(sandbox.size(), container.size())) return;
  if (!sandbox.empty() && !id_text::is_part(sandbox)) return;
  const auto at = block_.size();
  if (!sandbox.empty()) {
    block_.append(sandbox);
    block_.push_back('/');
  }
  const auto container_at = block_.size() - at;
  block_.append(container);
  texts_.push_back({0, static_cast<std::uint32_t>(at),
                    static_cast<std::uint8_t>(block_.size() - at),
                    static_cast<std::uint8_t>(container_at)});
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

/// Sorts texts that are all the same before `at`.
void SortedIds::sort_from(std::span<Text> texts, std::size_t at) {
  std::uint64_t any = 0;
  for (auto& text : texts) {
    text.key = key_of(text, at);
    any |= text.key;
  }
  if (any != 0) return sort_by_key(texts, at);
  for (auto& text : texts.subspan(1))
    text.bytes = 0;
}

/// The same, with the keys of `at` in place. Many are told apart by the first byte that differs,
/// few by all of their keys; those that have the same key, by what follows.
void SortedIds::sort_by_key(std::span<Text> texts, std::size_t at) {
  constexpr std::size_t many = 128;
  if (texts.size() >= many) return sort_by_byte(texts, at);
  std::ranges::sort(texts, {}, &Text::key);
  for (auto same = texts.begin(); same != texts.end();) {
    const auto end = std::find_if(same + 1, texts.end(),
                                  [&](const Text& text) { return text.key != same->key; });
    if (end - same > 1) sort_from({same, end}, at + sizeof(Text::key));
    same = end;
  }
}

void SortedIds::sort_by_byte(std::span<Text> texts, std::size_t at) {
  std::uint64_t different = 0;
  for (const auto& text : texts)
    different |= text.key ^ texts.front().key;
  if (different == 0) return sort_from(texts, at + sizeof(Text::key));
  const auto shift = 56 - static_cast<unsigned>(std::countl_zero(different)) / 8 * 8;
  const auto byte_of = [&](const Text& text) { return text.key >> shift & 0xff; };

  std::array<std::uint32_t, 256> count{};
  for (const auto& text : texts)
    ++count[byte_of(text)];
  std::array<std::uint32_t, 256> next;
  std::exclusive_scan(count.begin(), count.end(), next.begin(), std::uint32_t{0});
  for (const auto& text : texts)
    scratch_[next[byte_of(text)]++] = text;
  std::copy_n(scratch_.get(), texts.size(), texts.begin());

  std::size_t first = 0;
  for (const auto same : count) {
    if (same > 1) sort_by_key(texts.subspan(first, same), at);
    first += same;
  }
}

std::vector<ContainerId> SortedIds::take() && {
  block_.append(sizeof(Text::key), '\0');
  scratch_ = std::make_unique_for_overwrite<Text[]>(texts_.size());
  if (!texts_.empty()) sort_from(texts_, 0);
  const auto block = std::make_shared<const std::string>(std::move(block_));
  std::vector<ContainerId> ids;
  ids.reserve(texts_.size());
  for (const auto& text : texts_) {
    if (text.bytes == 0) continue;
    ids.push_back(ContainerId({block, block->data() + text.at}, text.bytes, text.container_at));
  }
  return ids;
}

}  // namespace latchfile
