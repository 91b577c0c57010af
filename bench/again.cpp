// SPDX-License-Identifier: Apache-2.0
//
// bench_again save|load|update|list|load_all [PROCESSES]: that, again and again and nothing beside
// it, for perf and strace -c. A save, load or update is of a document of 6 KB, the others of 10,000
// of 2 KB; all in memory. Each process saves and loads a document of its own, and all update one.
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/race.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

constexpr int few_calls = 100;
constexpr int many_calls = 200'000;

template <class Call>
Work repeat(int times, Call call) {
  return [times, call = std::move(call)] {
    for (int i = 0; i < times; ++i)
      require(call().has_value(), "one more time");
  };
}

Work work_of(std::string_view job, const Store& store, int number, int processes) {
  const auto own = test::id_of("web" + std::to_string(number));
  const int calls = many_calls / processes;
  if (job == "save") {
    auto state = std::make_shared<LockedState>(test::or_throw(store.lock(own, Wait::never())));
    return repeat(calls,
                  [state, document = state->current().document] { return state->save(document); });
  }
  if (job == "load") return repeat(calls, [&store, own] { return store.load(own); });
  if (job == "update") {
    return repeat(calls, [&store, shared = test::id_of("web0")] {
      return store.update(shared, Wait::forever(),
                          [](const Snapshot& now) { return now.document; });
    });
  }
  if (job == "list") return repeat(few_calls, [&store] { return store.list(); });
  if (job == "load_all") return repeat(few_calls, [&store] { return store.load_all(); });
  require(false, "usage: bench_again save|load|update|list|load_all [PROCESSES]");
  return {};
}

void do_again(std::string_view job, int processes) {
  const test::TempDir root(memory_file_system);
  const auto store =
      test::or_throw(open_local(root.path(), {.durability = Durability::unsafe_on_power_cut}));
  for (int i = 0; i < processes; ++i) {
    const auto id = test::id_of("web" + std::to_string(i));
    require(store.create(id, Wait::never(), container_document(id)).has_value(), "create");
  }
  if (job == "list" || job == "load_all") fill(store, 10'000, Size::kb2);
  const double seconds = seconds_of_race(
      processes, [&](int number) { return work_of(job, store, number, processes); });
  std::cout << seconds << " s\n";
}

}  // namespace
}  // namespace latchfile::bench

int main(int argc, char** argv) {
  latchfile::bench::do_again(argc > 1 ? argv[1] : "", argc > 2 ? std::stoi(argv[2]) : 1);
}
