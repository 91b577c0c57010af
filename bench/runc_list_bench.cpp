// SPDX-License-Identifier: Apache-2.0
//
// `latchfile list -f json` of 10,000 containers, with a look at the process of each, beside `runc
// list -f json` of the same. Both read the state that runc wrote of one real container that runs,
// copied under 10,000 ids. Whole processes. Left out where no container can be made.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "peer.hpp"
#include "runtime/runtime.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"
#include "support/whole_process.hpp"

namespace latchfile::bench {
namespace {

constexpr int containers = 10'000;

/// A container that runs, and its copies: in a root of runc, and in one of ours.
class Copies {
 public:
  Copies() {
    const auto id = runc_.id("bench");
    require(runc_.create(id) == 0 && runc_.call({"start", id}) == 0, "runc: " + runc_.log());
    const auto state = nlohmann::ordered_json::parse(
        test::read_text(std::filesystem::path(runc_.state_dir()) / id / "state.json"));
    const auto store = open_without_sync(ours());
    for (int i = 0; i < containers; ++i) {
      auto copy = state;
      const auto name = copy["id"] = "c" + std::to_string(i);
      const auto text = copy.dump();
      const auto dir = std::filesystem::path(theirs()) / name.get<std::string>();
      std::filesystem::create_directories(dir);
      test::write_text(dir / "state.json", text);
      require(store
                  .create(test::id_of(name.get<std::string>()), Wait::never(),
                          test::or_throw(Document::parse(text)))
                  .has_value(),
              "create");
    }
  }

  [[nodiscard]] std::string ours() const { return dir_ / "ours"; }
  [[nodiscard]] std::string theirs() const { return dir_ / "theirs"; }

 private:
  test::Runtime runc_{"runc"};
  test::TempDir dir_{memory_file_system};
};

void runc_list(benchmark::State& state) {
  if (geteuid() != 0 || access(RUNC, X_OK) != 0) {
    state.SkipWithError("only root can make containers, and with runc");
    return;
  }
  static const Copies copies;
  const Side ours{
      [&] { run_to_its_end({LATCHFILE_BINARY, "--root", copies.ours(), "list", "-f", "json"}); }};
  const Side theirs{
      [&] { run_to_its_end({RUNC, "--root", copies.theirs(), "list", "-f", "json"}); }};
  for (auto _ : state)
    measure_pair(state, ours, theirs, 1, Time::wall, speedup_at_least(10));
}
BENCHMARK(runc_list)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
