// SPDX-License-Identifier: Apache-2.0
//
// From the moment when a holder lets a lock go until the next one, who sleeps for it, has it: two
// processes that hand one lock to and fro, ours beside bare flock(2). The figure is the 99th of a
// hundred, and for the usual case the 50th.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <sched.h>
#include <sys/file.h>
#include <unistd.h>

#include "peer.hpp"
#include "process/shared.hpp"
#include "support/child.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t hand_overs = 2'000;

/// What the two processes share.
struct Relay {
  std::atomic<Clock::rep> released = 0;
  std::atomic<std::size_t> count = 0;
  std::array<double, hand_overs> seconds{};
};

/// Holds the lock for as long as it lives.
using Held = std::shared_ptr<void>;
using Acquire = std::function<Held()>;

/// Takes the lock again and again, and lets it go once the other process sleeps for it.
void run(Relay& relay, const Acquire& acquire, pid_t other) {
  for (;;) {
    auto held = acquire();
    const auto now = Clock::now().time_since_epoch().count();
    const auto number = relay.count.load();
    if (number > 0 && number <= hand_overs) {
      relay.seconds[number - 1] = static_cast<double>(now - relay.released) / 1e9;
    }
    if (number > hand_overs) return;
    relay.count = number + 1;
    // The last one is not waited for: the other may be done.
    while (number < hand_overs && !test::is_sleeping(other)) {
    }
    relay.released = Clock::now().time_since_epoch().count();
    held.reset();
    // Nor may this one have it again before the other one does.
    while (number < hand_overs && relay.count == number + 1)
      sched_yield();
  }
}

/// The seconds of each hand-over, in order.
std::vector<double> relay(const std::function<Acquire()>& open) {
  const test::Shared<Relay> shared;
  const pid_t parent = getpid();
  test::Child other([&] {
    run(*shared, open(), parent);
    return 0;
  });
  run(*shared, open(), other.pid());
  require(other.wait() == 0, "the other process");
  std::vector<double> seconds(shared->seconds.begin(), shared->seconds.end());
  std::ranges::sort(seconds);
  return seconds;
}

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
