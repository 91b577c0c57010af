// SPDX-License-Identifier: Apache-2.0
//
// Store::list of 10,000 containers, sorted, beside reading the directory and throwing the names
// away.
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

constexpr int containers = 10'000;
constexpr int rounds = 10;
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

void list(benchmark::State& state) {
  const test::TempDir root(memory_file_system);
  const auto store =
      test::or_throw(open_local(root.path(), {.durability = Durability::unsafe_on_power_cut}));
  fill(store, containers);
  // A container that nobody works on has no lock file unless a peer left one.
  for (const auto& name : test::names_in(root.path())) {
    if (name.ends_with(".lock")) unlink((root / name).c_str());
  }
  const auto buffer = std::make_unique<char[]>(buffer_bytes);
  for (auto _ : state) {
    measure_pair(state, {[&] {
                   const auto ids = store.list();
                   require(ids && ids->size() == containers, "list");
                 }},
                 {[&] { bare_list(root.path(), buffer.get()); }}, rounds, Time::cpu,
                 cost_at_most(1.3));
  }
}
BENCHMARK(list)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
