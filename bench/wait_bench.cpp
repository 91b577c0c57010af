// SPDX-License-Identifier: Apache-2.0
//
// How soon oci::wait_for returns once what it waits for is so, the 99th of a hundred: after the
// save of a document, beside a bare inotify on the directory; and after the kill of the process of
// a container, beside a bare pidfd.
#include <algorithm>
#include <array>
#include <csignal>
#include <future>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "peer.hpp"
#include "latchfile/oci.hpp"
#include "support/child.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int waits = 100;
constexpr int percentile = 99;

/// Seconds from `happen` until `wait`, which another thread sleeps in by then, has returned. To
/// close an inotify descriptor belongs to it: the kernel may let that wait for a grace period of
/// RCU.
double seconds_until_seen(const std::function<void()>& wait, const std::function<void()>& happen) {
  std::promise<pid_t> waiter;
  auto seen = std::async(std::launch::async, [&] {
    waiter.set_value(gettid());
    wait();
    return Clock::now();
  });
  const auto thread = waiter.get_future().get();
  require(test::eventually([&] { return test::is_sleeping(thread); }), "a waiter that sleeps");
  const auto begin = Clock::now();
  happen();
  return std::chrono::duration<double>(seen.get() - begin).count();
}

/// Of one time after another, the one at the percentile.
double high(const std::function<double()>& once) {
  std::vector<double> seconds(waits);
  std::ranges::generate(seconds, once);
  std::ranges::sort(seconds);
  return seconds[waits * percentile / 100 - 1];
}

class Waiting {
 public:
  Waiting() { save(R"({"status":"creating"})", true); }

  void save(const std::string& text, bool is_new = false) const {
    const auto document = test::document_of(text);
    const auto done = is_new ? store_.create(id_, Wait::never(), document)
                             : test::or_throw(store_.lock(id_, Wait::forever())).save(document);
    require(done.has_value(), "save");
  }

  void until(const std::string& status) const {
    const auto seen = oci::wait_for(store_, id_, Wait::forever(), [&](const oci::Seen& now) {
      return Result<bool>(now.status == status);
    });
    require(seen.has_value(), "wait_for");
  }

  [[nodiscard]] double ours_of_a_change() const {
    save(R"({"status":"creating"})");
    return seconds_until_seen([&] { until("stopped"); }, [&] { save(R"({"status":"stopped"})"); });
  }

  /// The document is replaced as ours is, and read by nobody.
  [[nodiscard]] double bare_of_a_change() const {
    const int inotify = watch_root();
    return seconds_until_seen(
        [&] {
          alignas(inotify_event) std::array<char, 4096> notes{};
          require(read(inotify, notes.data(), notes.size()) > 0, "read notes");
          close(inotify);
        },
        [&] { save(R"({"status":"stopped"})"); });
  }

  [[nodiscard]] double ours_of_a_death() const {
    test::Child child(std::vector<std::string>{"sleep", "600"});
    save(R"({"ociVersion":"1.0.2","id":"web","status":"running","bundle":"/b","pid":)" +
         std::to_string(child.pid()) + "}");
    return seconds_until_seen([&] { until("stopped"); }, [&] { child.signal(SIGKILL); });
  }

  [[nodiscard]] double bare_of_a_death() const {
    test::Child child(std::vector<std::string>{"sleep", "600"});
    const int inotify = watch_root();
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, child.pid(), 0));
    require(pidfd >= 0, "pidfd_open");
    return seconds_until_seen(
        [&] {
          std::array<pollfd, 2> polled = {{{pidfd, POLLIN, 0}, {inotify, POLLIN, 0}}};
          require(poll(polled.data(), polled.size(), -1) == 1, "poll");
          close(pidfd);
          close(inotify);
        },
        [&] { child.signal(SIGKILL); });
  }

 private:
  [[nodiscard]] int watch_root() const {
    const int inotify = inotify_init1(IN_CLOEXEC);
    require(inotify_add_watch(inotify, root_.path().c_str(), IN_MOVED_TO) >= 0, "watch");
    return inotify;
  }

  const test::TempDir root_{memory_file_system};
  const Store store_ = open_without_sync(root_.path());
  const ContainerId id_ = test::id_of("web");
};

void wait_change(benchmark::State& state) {
  const Waiting waiting;
  for (auto _ : state) {
    report_pair(state, high([&] { return waiting.ours_of_a_change(); }),
                high([&] { return waiting.bare_of_a_change(); }), cost_at_most(5));
  }
}
BENCHMARK(wait_change)->Apply(as_pair);

void wait_death(benchmark::State& state) {
  const Waiting waiting;
  for (auto _ : state) {
    report_pair(state, high([&] { return waiting.ours_of_a_death(); }),
                high([&] { return waiting.bare_of_a_death(); }), cost_at_most(5));
  }
}
BENCHMARK(wait_death)->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
