// SPDX-License-Identifier: Apache-2.0
//
// `latchfile save` as a whole process, beside what a shell script does in its place: flock, a copy
// beside the file, and a rename, without a check of the document.
#include <string>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"
#include "support/whole_process.hpp"

namespace latchfile::bench {
namespace {

constexpr int rounds = 20;

/// Of a directory and a file.
constexpr auto script =
    R"(cd "$0"; exec 9>web.lock; flock 9; cat "$1" >web.state.tmp; mv web.state.tmp web.state)";

void save_shell(benchmark::State& state) {
  const test::TempDir root(memory_file_system);
  const test::TempDir shell_root(memory_file_system);
  const test::TempDir input(memory_file_system);
  const auto id = test::id_of("web");
  const auto document = container_document(id);
  const auto store = open_without_sync(root.path());
  require(store.create(id, Wait::never(), document).has_value(), "create");
  const auto file = input / "new.json";
  test::write_text(file, document.bytes());
  test::write_text(shell_root / "web.state", document.bytes());

  const auto ours = processes(
      {LATCHFILE_BINARY, "--root", root.path(), "save", "web", file, "--unsafe-on-power-cut"});
  const auto shell = processes({"/bin/sh", "-c", script, shell_root.path(), file});
  for (auto _ : state)
    measure_pair(state, ours, shell, rounds, Time::wall, speedup_at_least(1));
}
BENCHMARK(save_shell)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
