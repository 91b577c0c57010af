// SPDX-License-Identifier: Apache-2.0
//
// Two processes that hand one lock to and fro, each of which lets it go only once the other sleeps
// for it, with all of its threads.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace latchfile::bench {

constexpr std::size_t hand_overs = 2'000;

/// Holds the lock for as long as it lives.
using Held = std::shared_ptr<void>;
using Acquire = std::function<Held()>;

/// From the release of the lock until the other process has it, in seconds, of each hand-over, in
/// order. Each of the two processes calls `open` once.
[[nodiscard]] std::vector<double> relay(const std::function<Acquire()>& open);

}  // namespace latchfile::bench
