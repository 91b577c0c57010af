// SPDX-License-Identifier: Apache-2.0
//
// Store::list of many containers, sorted, beside reading the directory and throwing the names away,
// and beside gVisor's List.
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"
#include "support/timed_peer.hpp"

namespace latchfile::bench {
namespace {

constexpr int rounds = 10;
/// Names that a batch reads at least, so that it takes a millisecond.
constexpr int names_in_a_batch = 10'000;
constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

void bare_list(const std::string& root, char* buffer) {
  const int fd = open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  require(fd >= 0, "open");
  for (;;) {
    const auto filled = getdents64(fd, buffer, buffer_bytes);
    require(filled >= 0, "getdents64");
    if (filled == 0) break;
  }
  close(fd);
}

/// A root without lock files: a container that nobody works on has none unless a peer left one.
class Filled {
 public:
  explicit Filled(int containers) : containers_(containers) {
    fill(store_, containers, Size::kb2);
    for (const auto& name : test::names_in(root_.path())) {
      if (name.ends_with(".lock")) unlink((root_ / name).c_str());
    }
  }

  [[nodiscard]] std::string path() const { return root_.path(); }
  [[nodiscard]] int calls() const { return std::max(1, names_in_a_batch / containers_); }

  void list() const {
    const auto ids = store_.list();
    require(ids && static_cast<int>(ids->size()) == containers_, "list");
  }

 private:
  int containers_;
  const test::TempDir root_{memory_file_system};
  const Store store_ =
      test::or_throw(open_local(root_.path(), {.durability = Durability::unsafe_on_power_cut}));
};

/// `once`, as often as a batch takes.
template <class Once>
Side batch(int calls, Once once) {
  return {[=] {
            for (int i = 0; i < calls; ++i)
              once();
          },
          calls};
}

void beside_floor(benchmark::State& state, int containers) {
  const Filled root(containers);
  const auto buffer = std::make_unique<char[]>(buffer_bytes);
  const auto path = root.path();
  for (auto _ : state) {
    measure_pair(state, batch(root.calls(), [&] { root.list(); }),
                 batch(root.calls(), [&] { bare_list(path, buffer.get()); }), rounds, Time::cpu,
                 cost_at_most(1.15));
  }
}
BENCHMARK_CAPTURE(beside_floor, list_100, 100)->Name("list_100")->Apply(as_pair);
BENCHMARK_CAPTURE(beside_floor, list, 10'000)->Name("list")->Apply(as_pair);
BENCHMARK_CAPTURE(beside_floor, list_100000, 100'000)->Name("list_100000")->Apply(as_pair);

void list_gvisor(benchmark::State& state) {
  constexpr int containers = 10'000;
  const Filled root(containers);
  TimedPeer peer({"list-often", root.path()});
  for (auto _ : state) {
    const auto begin = std::chrono::steady_clock::now();
    root.list();
    const std::chrono::duration<double> ours = std::chrono::steady_clock::now() - begin;
    report_pair(state, ours.count(), peer.seconds(containers), speedup_at_least(3));
  }
}
BENCHMARK(list_gvisor)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
