// SPDX-License-Identifier: Apache-2.0
//
// Store::load_all of 10,000 documents of 6 KB, beside gVisor's List and Load of each, which is how
// `runsc list` reads them. gVisor's side runs in its own process and takes the time inside it.
#include <sstream>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

constexpr int containers = 10'000;

void load_all(const Store& store) {
  int loaded = 0;
  const auto done =
      store.load_all([&](const LoadedEntry& entry) { loaded += entry.state ? 1 : 0; });
  require(done && loaded == containers, "load_all");
}

/// A root that both sides read, and gVisor's side of it.
struct Shared {
  test::TempDir root{memory_file_system};
  Store store = open_without_sync(root.path());
  test::Peer peer{test::gvisor({"load-each", root.path()})};

  Shared() { fill(store, containers); }

  double peer_seconds() {
    peer.go_on();
    std::istringstream answer(peer.line());
    int loaded = 0;
    double nanoseconds = 0;
    answer >> loaded >> nanoseconds;
    require(loaded == containers, "gVisor's List and Load");
    return nanoseconds / 1e9;
  }
};

void load_all_bench(benchmark::State& state) {
  static Shared shared;
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    load_all(shared.store);
    const std::chrono::duration<double> ours = std::chrono::steady_clock::now() - begin;
    report_pair(state, ours.count(), shared.peer_seconds(), speedup_at_least(15));
  }
}
BENCHMARK(load_all_bench)->Name("load_all")->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
