// SPDX-License-Identifier: Apache-2.0
//
// Eight processes that each add 1 to the same document, an ordinary container's, 2,000 times: read,
// change and save under the lock. Both sides decode the document into a type and back, and all
// start at one moment.
#include <chrono>
#include <memory>

#include "latchfile/json.hpp"
#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/race.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

constexpr int processes = 8;
constexpr int times = 2000;
using Clock = std::chrono::steady_clock;

struct Counter {
  int n;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Counter, n)

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

int increment(const Store& store, const ContainerId& id) {
  for (int i = 0; i < times; ++i) {
    const auto updated =
        store.update(id, Wait::forever(), [](const Snapshot& now) -> Result<Document> {
          auto counter = from_document<Counter>(now.document);
          if (!counter) return std::unexpected(counter.error());
          ++counter->n;
          return to_document(*counter, now.document);
        });
    if (!updated) return 1;
  }
  return 0;
}

double ours(const std::string& root, const ContainerId& id) {
  const auto store = open_without_sync(root);
  return seconds_of_race(processes, [&](int) -> Work {
    return [&] { require(increment(store, id) == 0, "increments of ours"); };
  });
}

double gvisors(const std::string& root, const ContainerId&) {
  std::vector<std::unique_ptr<test::Peer>> peers;
  for (int i = 0; i < processes; ++i) {
    peers.push_back(std::make_unique<test::Peer>(
        test::gvisor({"increment", root, "pod1", "web", std::to_string(times)})));
    require(peers.back()->line() == "ready", "a peer of gVisor's");
  }
  const auto begin = Clock::now();
  for (const auto& peer : peers)
    peer->go_on();
  for (const auto& peer : peers)
    require(peer->wait() == 0, "increments of gVisor's");
  return seconds_since(begin);
}

constexpr auto zero = R"({"n":0})";

/// Seconds that `side` takes on a new document, of which it may lose no increment.
double seconds_of(double (*side)(const std::string& root, const ContainerId& id),
                  const Document& first) {
  const auto id = test::id_of("pod1/web");
  const test::TempDir root(memory_file_system);
  const auto store = open_without_sync(root.path());
  const auto document = test::or_throw(merge_patch(first, zero));
  require(store.create(id, Wait::never(), document).has_value(), "create");
  const double seconds = side(root.path(), id);
  const auto last = from_document<Counter>(test::or_throw(store.load(id)).document);
  require(last && last->n == processes * times, "no increment may be lost");
  return seconds;
}

void race(benchmark::State& state, const Document& first) {
  for (auto _ : state) {
    const double our_seconds = seconds_of(ours, first);
    report_pair(state, our_seconds, seconds_of(gvisors, first), speedup_at_least(1));
  }
}

void contended(benchmark::State& state) {
  race(state, container_document(test::id_of("pod1/web")));
}
BENCHMARK(contended)->Apply(as_pair);

/// Nothing but the counter: what is left is the lock and the system calls.
void contended_tiny(benchmark::State& state) { race(state, test::document_of(R"({"id":"web"})")); }
BENCHMARK(contended_tiny)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
