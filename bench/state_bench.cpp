// SPDX-License-Identifier: Apache-2.0
//
// `latchfile state ID` as a whole process, from fork to its end, beside /bin/true; and a program
// that does nothing with the same libraries, whose start is the least that ours can cost.
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

/// `arguments` as a whole process, beside /bin/true.
void measure_process(benchmark::State& state, const std::vector<std::string>& arguments) {
  const std::vector<std::string> nothing = {"/bin/true"};
  const auto batch_of = [&](const std::vector<std::string>& command) {
    return Side{[&] {
                  for (int i = 0; i < calls; ++i)
                    run_to_its_end(command);
                },
                calls};
  };
  for (auto _ : state) {
    measure_pair(state, batch_of(arguments), batch_of(nothing), rounds, Time::wall,
                 cost_at_most(2.5));
  }
}

void state_of_one(benchmark::State& state) {
  const test::TempDir root(memory_file_system);
  const auto id = test::id_of("pod1/web");
  require(
      open_without_sync(root.path()).create(id, Wait::never(), container_document(id)).has_value(),
      "create");
  measure_process(state, {LATCHFILE_BINARY, "--root", root.path(), "state", "pod1/web"});
}
BENCHMARK(state_of_one)->Name("state")->Apply(as_pair);

void linked(benchmark::State& state) { measure_process(state, {LINKED_PROGRAM}); }
BENCHMARK(linked)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
