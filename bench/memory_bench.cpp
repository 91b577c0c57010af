// SPDX-License-Identifier: Apache-2.0
//
// The peak of resident memory of a process that lists 100,000 containers, or loads all their
// documents of 2 KB and keeps none, beside the same of 1,000. What other benchmarks have in
// microseconds is in KiB here: the whole process, the program and its libraries with it.
#include <cstdlib>
#include <string>

#include "support/child.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

constexpr int many = 100'000;
constexpr int few = 1'000;
constexpr std::size_t document_bytes = 2048;

/// A root of `count` containers, ten to a sandbox. Each is a file and nothing else, which is all
/// that a container nobody works on has, and much sooner made than by a lock and a save.
class Root {
 public:
  explicit Root(int count) {
    for (int i = 0; i < count; ++i) {
      const auto container = "container" + std::to_string(i);
      const auto stem = container + "_sandbox:sandbox" + std::to_string(i / 10);
      test::write_text(directory_ / (stem + ".state"), document(container));
    }
  }

  [[nodiscard]] const std::string& path() const { return directory_.path().native(); }

 private:
  static std::string document(const std::string& container) {
    const auto begin = R"({"id":")" + container + R"(","padding":")";
    return begin + std::string(document_bytes - begin.size() - 2, 'x') + "\"}";
  }

  const test::TempDir directory_{memory_file_system};
};

double peak_kib(const std::string& work, const Root& root, int containers) {
  const auto outcome = test::run({MEMORY_PEAK, work, root.path(), std::to_string(containers)});
  require(outcome.exit_code == 0, work + " in a process of its own: " + outcome.err);
  return std::strtod(outcome.out.c_str(), nullptr);
}

void memory(benchmark::State& state, const std::string& work, Goal goal) {
  static const Root large(many);
  static const Root small(few);
  for (auto _ : state) {
    // report_pair shows seconds as microseconds.
    report_pair(state, peak_kib(work, large, many) / 1e6, peak_kib(work, small, few) / 1e6, goal);
  }
}
BENCHMARK_CAPTURE(memory, list, "list", cost_at_most(4))->Name("memory_list")->Apply(as_pair);
BENCHMARK_CAPTURE(memory, load_all, "load_all", cost_at_most(3.5))
    ->Name("memory_load_all")
    ->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
