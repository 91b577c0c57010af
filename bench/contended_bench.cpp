// SPDX-License-Identifier: Apache-2.0
//
// Eight processes that each add 1 to the same document, an ordinary container's, 2,000 times: read,
// change and save under the lock. Beside gVisor both sides decode the document into a type and
// back; beside the bare system calls neither does. All start at one moment.
#include <chrono>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "latchfile/json.hpp"
#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/race.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

constexpr int processes = 8;
constexpr int times = 2000;
using Clock = std::chrono::steady_clock;

struct Counter {
  int n;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Counter, n)

/// Seconds that one side takes for all increments.
using AllIncrements = double(const std::string& root, const ContainerId& id);

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// The number in `{…"n":1…}`, counted up.
std::string counted_up(const std::string& text) {
  constexpr std::string_view key = "\"n\":";
  const auto at = text.find(key) + key.size();
  std::size_t digits = 0;
  const auto n = std::stoi(text.substr(at), &digits);
  return text.substr(0, at) + std::to_string(n + 1) + text.substr(at + digits);
}

Result<Document> decoded_and_counted_up(const Snapshot& now) {
  auto counter = from_document<Counter>(now.document);
  if (!counter) return std::unexpected(counter.error());
  ++counter->n;
  return to_document(*counter, now.document);
}

Result<Document> text_counted_up(const Snapshot& now) {
  return Document::parse(counted_up(now.document.bytes()));
}

double ours(const std::string& root, const ContainerId& id, Store::Change change) {
  const auto store = open_without_sync(root);
  return seconds_of_race(processes, [&](int) -> Work {
    return [&] {
      for (int i = 0; i < times; ++i)
        require(store.update(id, Wait::forever(), change).has_value(), "an increment of ours");
    };
  });
}

double ours_decoded(const std::string& root, const ContainerId& id) {
  return ours(root, id, decoded_and_counted_up);
}

double ours_plain(const std::string& root, const ContainerId& id) {
  return ours(root, id, text_counted_up);
}

/// One increment by the same system calls that a save and a load cannot do without, under a bare
/// flock.
void bare_increment(int dir, const char* state, const char* temp, const char* lock) {
  const int held = openat(dir, lock, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
  require(held >= 0 && flock(held, LOCK_EX) == 0, "lock");
  int fd = openat(dir, state, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  struct stat file{};
  require(fd >= 0 && fstat(fd, &file) == 0, "open");
  std::string text(static_cast<std::size_t>(file.st_size), '\0');
  require(read(fd, text.data(), text.size()) == file.st_size && close(fd) == 0, "read");
  text = counted_up(text);
  fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, file.st_mode & 0777);
  require(fd >= 0, "open");
  require(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "write");
  require(close(fd) == 0, "close");
  require(renameat(dir, temp, dir, state) == 0, "rename");
  require(close(held) == 0, "unlock");
}

double bare(const std::string& root, const ContainerId&) {
  const int dir = open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  const double seconds = seconds_of_race(processes, [&](int) -> Work {
    return [=] {
      for (int i = 0; i < times; ++i) {
        bare_increment(dir, "web_sandbox:pod1.state", "web_sandbox:pod1.state.tmp",
                       "web_sandbox:pod1.lock");
      }
    };
  });
  close(dir);
  return seconds;
}

double gvisors(const std::string& root, const ContainerId&) {
  std::vector<std::unique_ptr<test::Peer>> peers;
  for (int i = 0; i < processes; ++i) {
    peers.push_back(std::make_unique<test::Peer>(
        test::gvisor({"increment", root, "pod1", "web", std::to_string(times)})));
    require(peers.back()->line() == "ready", "a peer of gVisor's");
  }
  const auto begin = Clock::now();
  for (const auto& peer : peers)
    peer->go_on();
  for (const auto& peer : peers)
    require(peer->wait() == 0, "increments of gVisor's");
  return seconds_since(begin);
}

constexpr auto zero = R"({"n":0})";

/// Seconds that `side` takes on a new document, of which it may lose no increment.
double seconds_of(AllIncrements* side, const Document& first) {
  const auto id = test::id_of("pod1/web");
  const test::TempDir root(memory_file_system);
  const auto store = open_without_sync(root.path());
  const auto document = test::or_throw(merge_patch(first, zero));
  require(store.create(id, Wait::never(), document).has_value(), "create");
  const double seconds = side(root.path(), id);
  const auto last = from_document<Counter>(test::or_throw(store.load(id)).document);
  require(last && last->n == processes * times, "no increment may be lost");
  return seconds;
}

void race(benchmark::State& state, const Document& first, AllIncrements* side, AllIncrements* other,
          Goal goal) {
  for (auto _ : state) {
    const double seconds = seconds_of(side, first);
    report_pair(state, seconds, seconds_of(other, first), goal);
  }
}

void contended(benchmark::State& state) {
  race(state, container_document(test::id_of("pod1/web")), ours_decoded, gvisors,
       speedup_at_least(1));
}
BENCHMARK(contended)->Apply(as_pair);

void contended_floor(benchmark::State& state) {
  race(state, container_document(test::id_of("pod1/web")), ours_plain, bare, cost_at_most(1.1));
}
BENCHMARK(contended_floor)->Apply(as_pair);

/// Nothing but the counter: what is left is the lock and the system calls.
void contended_tiny(benchmark::State& state) {
  race(state, test::document_of(R"({"id":"web"})"), ours_decoded, gvisors, speedup_at_least(1));
}
BENCHMARK(contended_tiny)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
