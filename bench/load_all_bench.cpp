// SPDX-License-Identifier: Apache-2.0
//
// Store::load_all, beside gVisor's List and Load of each, which is how `runsc list` reads
// documents.
#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"
#include "support/timed_peer.hpp"

namespace latchfile::bench {
namespace {

double seconds_of_load_all(const Store& store, int containers) {
  const auto begin = std::chrono::steady_clock::now();
  int loaded = 0;
  const auto done =
      store.load_all([&](const LoadedEntry& entry) { loaded += entry.state ? 1 : 0; });
  require(done && loaded == containers, "load_all");
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// A root that both sides read, and gVisor's side of it.
struct Shared {
  Shared(int containers, Size size) { fill(store, containers, size); }

  test::TempDir root{memory_file_system};
  Store store = open_without_sync(root.path());
  TimedPeer peer{{"load-each", root.path()}};
};

void load_all(benchmark::State& state, int containers, Size size) {
  // Made once for all repetitions of a benchmark, which come one after the other.
  static std::unique_ptr<Shared> shared;
  static std::pair<int, Size> made;
  if (!shared || made != std::pair(containers, size)) {
    shared.reset();
    shared = std::make_unique<Shared>(containers, size);
    made = {containers, size};
  }
  for (auto _ : state) {
    report_pair(state, seconds_of_load_all(shared->store, containers),
                shared->peer.seconds(containers), speedup_at_least(25));
  }
}
BENCHMARK_CAPTURE(load_all, of_6kb, 10'000, Size::kb6)->Name("load_all")->Apply(as_pair);
BENCHMARK_CAPTURE(load_all, of_2kb, 10'000, Size::kb2)->Name("load_all_2kb")->Apply(as_pair);
// gVisor takes 20 s for each pair of these.
BENCHMARK_CAPTURE(load_all, many_6kb, 100'000, Size::kb6)
    ->Name("load_all_100000")
    ->Apply(as_pair)
    ->Repetitions(5);
BENCHMARK_CAPTURE(load_all, many_2kb, 100'000, Size::kb2)
    ->Name("load_all_2kb_100000")
    ->Apply(as_pair)
    ->Repetitions(5);

}  // namespace
}  // namespace latchfile::bench
