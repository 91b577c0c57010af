// SPDX-License-Identifier: Apache-2.0
//
// `latchfile list -f json` of 10,000 containers, with a look at the process of each, and load_all
// of the same, beside the list command of runc and of crun. All read the state that the runtime
// wrote of one real container that runs, copied under 10,000 ids. Left out where no container can
// be made.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "peer.hpp"
#include "runtime/runtime.hpp"
#include "support/cgroup2.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"
#include "support/whole_process.hpp"

namespace latchfile::bench {
namespace {

constexpr int containers = 10'000;

/// A container that runs, and its copies: in a root of the runtime, and in one of ours.
class Copies {
 public:
  /// `file` is where the runtime keeps its state of a container.
  Copies(const std::string& name, const std::string& file) : runtime_(name) {
    const auto id = runtime_.id("bench");
    require(runtime_.create(id) == 0 && runtime_.call({"start", id}) == 0, runtime_.log());
    const auto state = nlohmann::ordered_json::parse(
        test::read_text(std::filesystem::path(runtime_.state_dir()) / id / file));
    for (int i = 0; i < containers; ++i) {
      auto copy = state;
      const auto text_id = "c" + std::to_string(i);
      if (copy.contains("id")) copy["id"] = text_id;
      const auto text = copy.dump();
      const auto dir = std::filesystem::path(theirs()) / text_id;
      std::filesystem::create_directories(dir);
      test::write_text(dir / file, text);
      require(
          store_.create(test::id_of(text_id), Wait::never(), test::or_throw(Document::parse(text)))
              .has_value(),
          "create");
    }
  }

  [[nodiscard]] std::string ours() const { return dir_ / "ours"; }
  [[nodiscard]] std::string theirs() const { return dir_ / "theirs"; }
  [[nodiscard]] const Store& store() const { return store_; }

 private:
  const test::Runtime runtime_;
  const test::TempDir dir_{memory_file_system};
  const Store store_ = open_without_sync(ours());
};

const Copies& copies_of_runc() {
  static const Copies copies("runc", "state.json");
  return copies;
}

const Copies& copies_of_crun() {
  static const Copies copies("crun", "status");
  return copies;
}

/// Whether the runtime makes containers here; if not, nothing is measured.
bool usable(benchmark::State& state, const std::string& program) {
  const bool found = geteuid() == 0 && access(program.c_str(), X_OK) == 0;
  if (!found) state.SkipWithError("only root can make containers, and with the runtime");
  return found;
}

Side list_of(const std::string& program, const std::string& root) {
  return {[=] { run_to_its_end({program, "--root", root, "list", "-f", "json"}); }};
}

void runc_list(benchmark::State& state) {
  if (!usable(state, RUNC)) return;
  const auto& copies = copies_of_runc();
  for (auto _ : state) {
    measure_pair(state, list_of(LATCHFILE_BINARY, copies.ours()), list_of(RUNC, copies.theirs()), 1,
                 Time::wall, speedup_at_least(10));
  }
}
BENCHMARK(runc_list)->Apply(as_pair);

void load_all_runc(benchmark::State& state) {
  if (!usable(state, RUNC)) return;
  const auto& copies = copies_of_runc();
  const Side loads{[&] {
    int loaded = 0;
    const auto done =
        copies.store().load_all([&](const LoadedEntry& entry) { loaded += entry.state ? 1 : 0; });
    require(done && loaded == containers, "load_all");
  }};
  for (auto _ : state)
    measure_pair(state, loads, list_of(RUNC, copies.theirs()), 1, Time::wall, speedup_at_least(30));
}
BENCHMARK(load_all_runc)->Apply(as_pair);

// Last: from here on this process sees cgroup v2 alone.
void crun_list(benchmark::State& state) {
  if (!usable(state, CRUN) || !see_cgroup2_alone()) return;
  const auto& copies = copies_of_crun();
  for (auto _ : state) {
    measure_pair(state, list_of(LATCHFILE_BINARY, copies.ours()), list_of(CRUN, copies.theirs()), 1,
                 Time::wall, speedup_at_least(1));
  }
}
BENCHMARK(crun_list)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
