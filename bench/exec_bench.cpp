// SPDX-License-Identifier: Apache-2.0
//
// `latchfile state ID` as a whole process, from fork to its end, beside /bin/true.
#include <string>
#include <vector>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"
#include "support/whole_process.hpp"

namespace latchfile::bench {
namespace {

constexpr int calls = 10;
constexpr int rounds = 20;

/// `calls` whole processes, one after the other.
Side processes(const std::vector<std::string>& command) {
  return {[command] {
            for (int i = 0; i < calls; ++i)
              run_to_its_end(command);
          },
          calls};
}

void state_of_one(benchmark::State& state) {
  const test::TempDir root(memory_file_system);
  const auto id = test::id_of("pod1/web");
  require(
      open_without_sync(root.path()).create(id, Wait::never(), container_document(id)).has_value(),
      "create");
  for (auto _ : state) {
    measure_pair(state, processes({LATCHFILE_BINARY, "--root", root.path(), "state", "pod1/web"}),
                 processes({"/bin/true"}), rounds, Time::wall, cost_at_most(2.5));
  }
}
BENCHMARK(state_of_one)->Name("state")->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
