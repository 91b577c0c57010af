// SPDX-License-Identifier: Apache-2.0
//
// Processes that each save a document of 6 KB of their own again and again: ours beside the floor,
// and beside SQLite and LMDB. In memory without durability; on ext4 and XFS, each on a loop device
// over a file, with it.
#include <map>

#include "peer.hpp"
#include "peers/writer.hpp"
#include "powercut/disk.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/race.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

using test::Disk;

struct Race {
  int processes;
  int saves;  ///< of each process
  Sync sync;
};

/// Seconds for one save, of all of them, in a new directory. No document is saved twice in a row: a
/// peer may see that nothing has changed, and write nothing.
double seconds_of(const Race& race, OpenWriter* open, const std::string& parent) {
  const test::TempDir directory(parent);
  const auto here = container_document(test::id_of("web"));
  const auto there = container_document(test::id_of("sub"));
  const double seconds = seconds_of_race(race.processes, [&](int number) -> Work {
    const std::shared_ptr<Writer> writer =
        open(directory.path(), "web" + std::to_string(number), here, race.sync);
    return [&, writer] {
      for (int i = 0; i < race.saves; ++i)
        writer->save(i % 2 == 0 ? there : here);
    };
  });
  return seconds / race.saves / race.processes;
}

/// `rounds` races of each side, in turn.
void measure(benchmark::State& state, const Race& race, OpenWriter* other, int rounds, Goal goal,
             const std::string& directory) {
  double ours = 0;
  double others = 0;
  for (int round = 0; round < rounds; ++round) {
    ours += seconds_of(race, open_latchfile, directory);
    others += seconds_of(race, other, directory);
  }
  report_pair(state, ours / rounds, others / rounds, goal);
}

void in_memory(benchmark::State& state, int processes, OpenWriter* other, Goal goal) {
  const Race race{.processes = processes, .saves = 4000 / processes, .sync = Sync::none};
  for (auto _ : state)
    measure(state, race, other, 2, goal, memory_file_system);
}

void on_disk(benchmark::State& state, Disk::Type type, int processes, OpenWriter* other,
             Goal goal) {
  static std::map<Disk::Type, std::string> reasons;
  const auto [reason, is_new] = reasons.try_emplace(type);
  if (is_new) reason->second = Disk::why_not(type);
  if (!reason->second.empty()) {
    state.SkipWithError(reason->second.c_str());
    return;
  }
  static std::map<Disk::Type, Disk> disks;
  const auto [disk, first] = disks.try_emplace(type, type);
  if (first) disk->second.mount();
  // As long for each process: of several, some share what the disk does.
  const Race race{.processes = processes, .saves = 100, .sync = Sync::full};
  for (auto _ : state)
    measure(state, race, other, 3, goal, disk->second.path());
}

/// Once for each pair of a race and a peer.
template <class... Arguments>
void add(const std::string& name, Arguments... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), arguments...)->Apply(as_pair);
}

const bool added = [] {
  for (const int processes : {1, 2, 8}) {
    const auto name = "save_" + std::to_string(processes);
    add(name, in_memory, processes, open_floor, cost_at_most(1.15));
    add(name + "_sqlite", in_memory, processes, open_sqlite, speedup_at_least(1));
    add(name + "_lmdb", in_memory, processes, open_lmdb, cost_at_most(2.5));
  }
  for (const auto type : {Disk::Type::ext4, Disk::Type::xfs}) {
    const auto name = "durable_" + to_string(type);
    for (const int processes : {1, 8}) {
      add(name + "_" + std::to_string(processes), on_disk, type, processes, open_floor,
          cost_at_most(1.1));
    }
    // One process of theirs waits for the disk once for each save, where a rename takes two syncs.
    add(name + "_1_sqlite", on_disk, type, 1, open_sqlite, speedup_at_least(0.5));
    add(name + "_1_lmdb", on_disk, type, 1, open_lmdb, speedup_at_least(0.4));
    add(name + "_8_sqlite", on_disk, type, 8, open_sqlite, speedup_at_least(1));
    add(name + "_8_lmdb", on_disk, type, 8, open_lmdb, speedup_at_least(1));
  }
  return true;
}();

}  // namespace
}  // namespace latchfile::bench
