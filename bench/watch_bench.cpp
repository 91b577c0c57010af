// SPDX-License-Identifier: Apache-2.0
//
// From the rename of a document of 6 KB, one of 10,000, until a thread that follows the root has
// read it, and back: through Store::watch, beside a bare inotify that reads the file it is told of.
#include <array>
#include <atomic>
#include <fstream>
#include <thread>
#include <unistd.h>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/followers.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

constexpr int containers = 10'000;
constexpr int calls = 50;
constexpr int rounds = 20;

/// A root whose container `web` is replaced as any writer does it, alternating between two
/// documents: what comes to the same would not be told.
class Replaced {
 public:
  explicit Replaced(const test::TempDir& root) : file_(root / "web.state") {
    const auto text = container_document(test::id_of("web")).bytes();
    texts_ = {text, text + "\n"};
    replace();
  }

  void replace() {
    std::ofstream(file_ + ".tmp") << texts_[static_cast<std::size_t>(++count_ % 2)];
    require(rename((file_ + ".tmp").c_str(), file_.c_str()) == 0, "rename");
  }

  /// A batch of replacements, each of which waits until `told` counts it.
  [[nodiscard]] Side each_told(const std::atomic<int>& told) {
    return {[&] {
              for (int i = 0; i < calls; ++i) {
                const int before = told.load();
                replace();
                told.wait(before);
              }
            },
            calls};
  }

 private:
  std::string file_;
  std::array<std::string, 2> texts_;
  int count_ = 0;
};

void count(std::atomic<int>& told) {
  ++told;
  told.notify_one();
}

void watch(benchmark::State& state) {
  const test::TempDir root(memory_file_system);
  const test::TempDir bare_root(memory_file_system);
  const auto store = open_without_sync(root.path());
  fill(store, containers);
  Replaced ours(root);
  Replaced other(bare_root);

  std::atomic<int> told = 0;
  std::atomic<int> told_bare = 0;
  std::thread follower(open_watch(store), [&] { count(told); });
  std::thread bare_follower(open_bare_watch(bare_root.path()), [&] { count(told_bare); });

  for (auto _ : state) {
    measure_pair(state, ours.each_told(told), other.each_told(told_bare), rounds, Time::wall,
                 cost_at_most(3));
  }
  require(unlink((root / "web.state").c_str()) == 0, "unlink");
  require(unlink((bare_root / "web.state").c_str()) == 0, "unlink");
  follower.join();
  bare_follower.join();
}
BENCHMARK(watch)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
