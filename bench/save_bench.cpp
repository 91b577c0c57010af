// SPDX-License-Identifier: Apache-2.0
//
// LockedState::save of 6 KB in memory, beside the system calls it cannot do without.
#include <fcntl.h>
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

void bare_save(int dir, const char* name, const char* temp_name, std::string_view bytes) {
  struct stat old{};
  require(fstatat(dir, name, &old, AT_SYMLINK_NOFOLLOW) == 0, "fstatat");
  const int fd = openat(dir, temp_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        old.st_mode & 0777);
  require(fd >= 0, "openat");
  require(write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "write");
  require(close(fd) == 0, "close");
  require(renameat(dir, temp_name, dir, name) == 0, "renameat");
}

void save(benchmark::State& state) {
  const test::TempDir root(memory_file_system);
  const test::TempDir floor_root(memory_file_system);
  const auto id = test::id_of("pod1/web");
  const auto document = container_document(id);
  const auto store = open_without_sync(root.path());
  auto guard =
      test::or_throw(test::or_throw(store.lock_for_new(id, Wait::never())).create(document));
  test::write_text(floor_root / "web_sandbox:pod1.state", document.bytes());
  const int dir = open(floor_root.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);

  for (auto _ : state) {
    measure_pair(state,
                 {[&] {
                    for (int i = 0; i < calls; ++i)
                      require(guard.save(document).has_value(), "save");
                  },
                  calls},
                 {[&] {
                    for (int i = 0; i < calls; ++i) {
                      bare_save(dir, "web_sandbox:pod1.state", "web_sandbox:pod1.state.tmp",
                                document.bytes());
                    }
                  },
                  calls},
                 rounds, Time::cpu, cost_at_most(1.3));
  }
  close(dir);
}
BENCHMARK(save)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
