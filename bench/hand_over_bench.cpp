// SPDX-License-Identifier: Apache-2.0
//
// From the moment when a holder lets a lock go until the next one, who sleeps for it, has it: two
// processes that hand one lock to and fro, ours beside bare flock(2). The figure is the 99th of a
// hundred, and for the usual case the 50th.
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/relay.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

Acquire bare(const std::string& file) {
  const auto fd = std::make_shared<int>(open(file.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
  require(*fd >= 0, "open");
  return [fd] {
    require(flock(*fd, LOCK_EX) == 0, "flock");
    return Held(nullptr, [fd](void*) { require(flock(*fd, LOCK_UN) == 0, "flock"); });
  };
}

Acquire ours(const Store& store, const ContainerId& id, Wait wait) {
  return [&store, &id, wait]() -> Held {
    return std::make_shared<LockedState>(test::or_throw(store.lock(id, wait)));
  };
}

void hand_over(benchmark::State& state, Wait wait, std::size_t percentile, double limit) {
  const test::TempDir root(memory_file_system);
  const auto id = test::id_of("web");
  const auto store = open_without_sync(root.path());
  require(store.create(id, Wait::never(), container_document(id)).has_value(), "create");
  for (auto _ : state) {
    const auto with_ours = relay([&] { return ours(store, id, wait); });
    const auto with_flock = relay([&] { return bare(root / "bare"); });
    const auto at = hand_overs * percentile / 100 - 1;
    report_pair(state, with_ours[at], with_flock[at], cost_at_most(limit));
  }
}

constexpr auto long_enough = std::chrono::seconds(60);
BENCHMARK_CAPTURE(hand_over, p50, Wait::forever(), 50, 3)->Name("hand_over_p50")->Apply(as_pair);
BENCHMARK_CAPTURE(hand_over, p99, Wait::forever(), 99, 2)->Name("hand_over_p99")->Apply(as_pair);
BENCHMARK_CAPTURE(hand_over, timed_p99, Wait::at_most(long_enough), 99, 2)
    ->Name("hand_over_timed_p99")
    ->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
