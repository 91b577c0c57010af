// SPDX-License-Identifier: Apache-2.0
//
// The same work on many things that do not depend on each other, by several threads, and what it
// makes in order. What was made and not yet taken is bounded, so that many documents can go through
// little memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace latchfile {

/// How far work may be ahead of what was taken.
inline constexpr std::size_t most_ahead = 256;

/// Calls work(i) once for each i below `count`, by this thread and, if there are many, by others,
/// and take(i) by this thread, in order, each after its work(i). work(i + most_ahead) begins only
/// after take(i). Where no thread can be had, the others do more. `work` must be safe to call from
/// several threads at once, and must not throw. If `take` throws, the rest is not done.
void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work,
                 const std::function<void(std::size_t)>& take);

/// Gives `take(i, made)` what make(i) makes, for each i below `count`, in order; else as
/// in_parallel.
template <class Make, class Take>
void make_in_parallel(std::size_t count, const Make& make, const Take& take) {
  std::vector<std::optional<std::invoke_result_t<const Make&, std::size_t>>> made(
      std::min(count, most_ahead));
  const auto at = [&](std::size_t i) -> auto& { return made[i % most_ahead]; };
  in_parallel(
      count, [&](std::size_t i) { at(i).emplace(make(i)); },
      [&](std::size_t i) { take(i, *std::exchange(at(i), std::nullopt)); });
}

/// What `make` makes of each of `items`, in their order.
template <class Item, class Make>
[[nodiscard]] auto map_in_parallel(std::vector<Item>& items, const Make& make) {
  using Made = std::invoke_result_t<const Make&, Item&>;
  std::vector<Made> all;
  all.reserve(items.size());
  make_in_parallel(
      items.size(), [&](std::size_t i) { return make(items[i]); },
      [&](std::size_t, Made made) { all.push_back(std::move(made)); });
  return all;
}

}  // namespace latchfile
