// SPDX-License-Identifier: Apache-2.0
//
// From the begin of a save of 6 KB until everybody who follows the root has been told of it: one
// watcher or a hundred, each a thread with a Store::watch of its own, beside as many that follow by
// a bare inotify and read the file. The save is ours on both sides. The figures are the 50th and
// the 99th of a hundred saves.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/followers.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t saves = 100;

/// The moment when the last of those who have to be told was.
class Arrival {
 public:
  void expect(int watchers) {
    missing_ = watchers;
    is_complete_ = false;
  }

  void told() {
    if (--missing_ > 0) return;
    last_ = Clock::now();
    is_complete_ = true;
    is_complete_.notify_one();
  }

  [[nodiscard]] Clock::time_point wait() const {
    is_complete_.wait(false);
    return last_;
  }

 private:
  std::atomic<int> missing_ = 0;
  Clock::time_point last_;
  std::atomic<bool> is_complete_ = false;
};

/// A root with one container, which is saved again and again.
class Watched {
 public:
  [[nodiscard]] Follower watch() const { return open_watch(store_); }
  [[nodiscard]] Follower bare_watch() const { return open_bare_watch(root_.path()); }

  /// Seconds from a save until the last of the watchers was told.
  [[nodiscard]] double seconds_until_told(Arrival& arrival, int watchers) {
    // What comes to the same document would not be told.
    auto document = documents_[++count_ % documents_.size()];
    arrival.expect(watchers);
    const auto begin = Clock::now();
    require(guard_.save(std::move(document)).has_value(), "save");
    return std::chrono::duration<double>(arrival.wait() - begin).count();
  }

  void destroy() { require(std::move(guard_).destroy().has_value(), "destroy"); }

 private:
  const test::TempDir root_{memory_file_system};
  const Store store_ = open_without_sync(root_.path());
  const ContainerId id_ = test::id_of("web");
  const std::vector<Document> documents_ = {container_document(id_),
                                            container_document(test::id_of("sub"))};
  std::size_t count_ = 0;
  LockedState guard_ = test::or_throw(
      test::or_throw(store_.lock_for_new(id_, Wait::never())).create(documents_.front()));
};

using Open = Follower (Watched::*)() const;

/// The seconds of each save, in order.
std::vector<double> seconds_with(int watchers, Open open) {
  Watched watched;
  Arrival arrival;
  std::vector<std::thread> threads;
  for (int i = 0; i < watchers; ++i)
    threads.emplace_back((watched.*open)(), [&] { arrival.told(); });
  std::vector<double> seconds(saves);
  std::ranges::generate(seconds, [&] { return watched.seconds_until_told(arrival, watchers); });
  watched.destroy();
  for (auto& thread : threads)
    thread.join();
  std::ranges::sort(seconds);
  return seconds;
}

/// One side after the other: both at once would be more inotify instances than a user may have
/// where the kernel's limit is the usual 128.
void watchers(benchmark::State& state, int count, std::size_t percentile) {
  const auto at = saves * percentile / 100 - 1;
  // Of many on few processors the work of each counts, not only the way to it: ours parses the
  // document and knows its version, bare ones throw it away.
  const auto goal = cost_at_most(count == 1 ? 3 : 10);
  for (auto _ : state) {
    const auto ours = seconds_with(count, &Watched::watch);
    const auto bare = seconds_with(count, &Watched::bare_watch);
    report_pair(state, ours[at], bare[at], goal);
  }
}
BENCHMARK_CAPTURE(watchers, 1_p50, 1, 50)->Name("watch_1_p50")->Apply(as_pair);
BENCHMARK_CAPTURE(watchers, 1_p99, 1, 99)->Name("watch_1_p99")->Apply(as_pair);
BENCHMARK_CAPTURE(watchers, 100_p50, 100, 50)->Name("watch_100_p50")->Apply(as_pair);
BENCHMARK_CAPTURE(watchers, 100_p99, 100, 99)->Name("watch_100_p99")->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
