// SPDX-License-Identifier: Apache-2.0
//
// The same work on many things that do not depend on each other, by several threads.
#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>
#include <vector>

namespace latchfile {

/// Calls work(i) once for each i below `count`, by this thread and, if there are many, by others,
/// and comes back when all is done. Where no thread can be had, the others do more. `work` must be
/// safe to call from several threads at once, and must not throw.
void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

/// What `make` makes of each of `items`, in their order.
template <class Item, class Make>
[[nodiscard]] auto map_in_parallel(std::vector<Item>& items, const Make& make) {
  std::vector<std::invoke_result_t<const Make&, Item&>> made(items.size());
  in_parallel(items.size(), [&](std::size_t i) { made[i] = make(items[i]); });
  return made;
}

}  // namespace latchfile
