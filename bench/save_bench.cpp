// SPDX-License-Identifier: Apache-2.0
//
// LockedState::save of 6 KB in memory, beside the system calls it cannot do without.
#include "peer.hpp"
#include "peers/writer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

constexpr int calls = 200;
constexpr int rounds = 20;

/// A writer of one document in a directory of its own.
class Saver {
 public:
  explicit Saver(OpenWriter* open) : writer_(open(root_.path(), "web", document_, Sync::none)) {}

  [[nodiscard]] Side saves() const {
    return {[this] {
              for (int i = 0; i < calls; ++i)
                writer_->save(document_);
            },
            calls};
  }

 private:
  const test::TempDir root_{memory_file_system};
  const Document document_ = container_document(test::id_of("web"));
  const std::unique_ptr<Writer> writer_;
};

void save(benchmark::State& state) {
  const Saver ours(open_latchfile);
  const Saver bare(open_floor);
  for (auto _ : state)
    measure_pair(state, ours.saves(), bare.saves(), rounds, Time::cpu, cost_at_most(1.3));
}
BENCHMARK(save)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
