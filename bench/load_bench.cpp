// SPDX-License-Identifier: Apache-2.0
//
// Store::load of 6 KB, beside open, fstat, read, close and one pass of the JSON parser.
#include <fcntl.h>
#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"

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

void load(benchmark::State& state) {
  const test::TempDir root(memory_file_system);
  const auto id = test::id_of("pod1/web");
  const auto store = open_without_sync(root.path());
  require(store.create(id, Wait::never(), container_document(id)).has_value(), "create");
  const int dir = open(root.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  simdjson::dom::parser parser;
  std::string buffer(16384, '\0');

  for (auto _ : state) {
    measure_pair(state,
                 {[&] {
                    for (int i = 0; i < calls; ++i)
                      require(store.load(id).has_value(), "load");
                  },
                  calls},
                 {[&] {
                    for (int i = 0; i < calls; ++i) {
                      bare_load(dir, "web_sandbox:pod1.state", parser, buffer);
                    }
                  },
                  calls},
                 rounds, Time::cpu, cost_at_most(1.5));
  }
  close(dir);
}
BENCHMARK(load)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
