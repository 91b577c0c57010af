// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>

namespace latchfile {

void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
  // Starting a thread costs as much as a few loads.
  constexpr std::size_t items_per_thread = 32;
  constexpr std::size_t max_threads = 8;
  // Threads take this many at a time, so that one that is slow holds up little.
  constexpr std::size_t batch = 8;

  // glibc reads that from a file at each call.
  static const auto processors = std::thread::hardware_concurrency();

  std::atomic<std::size_t> next = 0;
  const auto take_part = [&] {
    for (;;) {
      const auto begin = next.fetch_add(batch);
      if (begin >= count) return;
      for (auto i = begin; i < std::min(begin + batch, count); ++i)
        work(i);
    }
  };
  const auto threads = std::clamp<std::size_t>(count / items_per_thread, 1,
                                               std::clamp<std::size_t>(processors, 1, max_threads));
  std::vector<std::jthread> helpers;
  for (std::size_t i = 1; i < threads; ++i) {
    try {
      helpers.emplace_back(take_part);
    } catch (const std::system_error&) {
      break;  // no more threads to be had: those that run do all the work
    }
  }
  take_part();
}

}  // namespace latchfile
