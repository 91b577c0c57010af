// SPDX-License-Identifier: Apache-2.0
//
// Short commands as whole processes, from fork to their end: beside /bin/true, and beside what runc
// and crun take to tell the state of a container.
#include <string>
#include <unistd.h>
#include <vector>

#include "peer.hpp"
#include "runtime/runtime.hpp"
#include "support/cgroup2.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"
#include "support/whole_process.hpp"

namespace latchfile::bench {
namespace {

constexpr int rounds = 20;
constexpr int containers = 10;

/// The command on a root of ten containers.
std::vector<std::string> latchfile(const std::vector<std::string>& arguments) {
  static const test::TempDir root(memory_file_system);
  static const auto store = [] {
    const auto made = open_without_sync(root.path());
    fill(made, containers);
    return made;
  }();
  std::vector<std::string> command = {LATCHFILE_BINARY, "--root", root.path()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

const std::string one_of_them = "sandbox0/container0";

void beside_true(benchmark::State& state, const std::vector<std::string>& arguments, Goal goal) {
  const auto ours = processes(latchfile(arguments));
  const auto floor = processes({"/bin/true"});
  for (auto _ : state)
    measure_pair(state, ours, floor, rounds, Time::wall, goal);
}

BENCHMARK_CAPTURE(beside_true, state, {"state", one_of_them}, cost_at_most(2))
    ->Name("state")
    ->Apply(as_pair);
BENCHMARK_CAPTURE(beside_true, list_of_10, {"list"}, cost_at_most(3))
    ->Name("list_of_10")
    ->Apply(as_pair);
/// Starts a program of its own, /bin/true as well.
BENCHMARK_CAPTURE(beside_true, lock_true, {"lock", one_of_them, "--", "/bin/true"}, cost_at_most(4))
    ->Name("lock_true")
    ->Apply(as_pair);

/// `latchfile state` beside the state command of a runtime, of a container that it made.
void beside_runtime(benchmark::State& state, const std::string& program, const std::string& name) {
  const bool usable = geteuid() == 0 && access(program.c_str(), X_OK) == 0;
  if (!usable || (name == "crun" && !see_cgroup2_alone())) {
    state.SkipWithError("only root can make containers, and with the runtime");
    return;
  }
  const test::Runtime runtime(name);
  const auto id = runtime.id("bench");
  if (runtime.create(id) != 0) {
    state.SkipWithError((name + " makes no container here: " + runtime.log()).c_str());
    return;
  }
  const auto ours = processes(latchfile({"state", one_of_them}));
  const auto theirs = processes({program, "--root", runtime.state_dir(), "state", id});
  for (auto _ : state)
    measure_pair(state, ours, theirs, rounds / 4, Time::wall, speedup_at_least(1));
}
BENCHMARK_CAPTURE(beside_runtime, runc, RUNC, "runc")->Name("state_runc")->Apply(as_pair);
BENCHMARK_CAPTURE(beside_runtime, crun, CRUN, "crun")->Name("state_crun")->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
