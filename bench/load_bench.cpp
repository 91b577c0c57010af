// SPDX-License-Identifier: Apache-2.0
//
// Store::load of 6 KB, beside open, fstat, read, close and one pass of the JSON parser; beside
// gVisor's Load, which takes the lock; and while another process holds the lock, beside a load
// while nobody does.
#include <fcntl.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"
#include "support/timed_peer.hpp"

namespace latchfile::bench {
namespace {

constexpr int calls = 200;
constexpr int rounds = 20;

void bare_load(int dir, const char* name, simdjson::dom::parser& parser, std::string& buffer) {
  const int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  require(fd >= 0, "openat");
  struct stat file{};
  require(fstat(fd, &file) == 0, "fstat");
  const auto bytes = static_cast<std::size_t>(file.st_size);
  require(bytes + simdjson::SIMDJSON_PADDING <= buffer.size(), "a larger buffer");
  require(read(fd, buffer.data(), bytes) == file.st_size, "read");
  require(close(fd) == 0, "close");
  require(parser.parse(buffer.data(), bytes, false).is_object(), "parse");
}

/// A root with one container.
class Root {
 public:
  Root() {
    require(store_.create(id_, Wait::never(), container_document(id_)).has_value(), "create");
  }

  [[nodiscard]] std::string path() const { return root_.path(); }
  [[nodiscard]] Side loads() const {
    return {[this] {
              for (int i = 0; i < calls; ++i)
                require(store_.load(id_).has_value(), "load");
            },
            calls};
  }

 private:
  const test::TempDir root_{memory_file_system};
  const ContainerId id_ = test::id_of("pod1/web");
  const Store store_ = open_without_sync(root_.path());
};

void load(benchmark::State& state) {
  const Root root;
  const int dir = open(root.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  simdjson::dom::parser parser;
  std::string buffer(16384, '\0');
  const Side bare{[&] {
                    for (int i = 0; i < calls; ++i)
                      bare_load(dir, "web_sandbox:pod1.state", parser, buffer);
                  },
                  calls};
  for (auto _ : state)
    measure_pair(state, root.loads(), bare, rounds, Time::cpu, cost_at_most(1.3));
  close(dir);
}
BENCHMARK(load)->Apply(as_pair);

void load_gvisor(benchmark::State& state) {
  constexpr int loads_an_answer = 100;
  const Root root;
  TimedPeer peer({"load-often", root.path(), "pod1", "web"});
  const Side theirs{[&] { static_cast<void>(peer.seconds(loads_an_answer)); }, loads_an_answer};
  for (auto _ : state)
    measure_pair(state, root.loads(), theirs, rounds, Time::wall, speedup_at_least(20));
}
BENCHMARK(load_gvisor)->Apply(as_pair);

void load_held(benchmark::State& state) {
  const Root held;
  const Root free;
  test::Peer holder(test::gvisor({"hold", held.path(), "pod1", "web"}));
  require(holder.line() == "held", "a holder");
  for (auto _ : state)
    measure_pair(state, held.loads(), free.loads(), rounds, Time::cpu, cost_at_most(1.1));
}
BENCHMARK(load_held)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
