// SPDX-License-Identifier: Apache-2.0
#include "support/relay.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <string>
#include <system_error>
#include <unistd.h>

#include "process/shared.hpp"
#include "support/child.hpp"
#include "support/container_document.hpp"

namespace latchfile::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// What the two processes share.
struct Relay {
  std::atomic<Clock::rep> released = 0;
  std::atomic<std::size_t> count = 0;
  std::array<double, hand_overs> seconds{};
};

/// Whether every thread of a process sleeps: the one that waits for a lock may be another than the
/// first, and not be that far when the first one waits for it. One that ends meanwhile does not.
bool all_sleep(pid_t pid) {
  std::error_code gone;
  const std::filesystem::directory_iterator threads("/proc/" + std::to_string(pid) + "/task", gone);
  return std::all_of(begin(threads), end(threads), [](const auto& thread) {
    std::string stat;
    std::getline(std::ifstream(thread.path() / "stat"), stat);
    const auto command_end = stat.rfind(')');
    return command_end != stat.npos && stat[command_end + 2] == 'S';
  });
}

/// Takes the lock again and again, and lets it go once the other process sleeps for it.
void run(Relay& relay, const Acquire& acquire, pid_t other) {
  for (;;) {
    auto held = acquire();
    const auto now = Clock::now().time_since_epoch().count();
    const auto number = relay.count.load();
    if (number > 0 && number <= hand_overs) {
      relay.seconds[number - 1] = static_cast<double>(now - relay.released) / 1e9;
    }
    if (number > hand_overs) return;
    relay.count = number + 1;
    // The last one is not waited for: the other may be done.
    while (number < hand_overs && !all_sleep(other)) {
    }
    relay.released = Clock::now().time_since_epoch().count();
    held.reset();
    // Nor may this one have it again before the other one does.
    while (number < hand_overs && relay.count == number + 1)
      sched_yield();
  }
}

}  // namespace

std::vector<double> relay(const std::function<Acquire()>& open) {
  const test::Shared<Relay> shared;
  const pid_t parent = getpid();
  test::Child other([&] {
    run(*shared, open(), parent);
    return 0;
  });
  run(*shared, open(), other.pid());
  require(other.wait() == 0, "the other process");
  std::vector<double> seconds(shared->seconds.begin(), shared->seconds.end());
  std::ranges::sort(seconds);
  return seconds;
}

}  // namespace latchfile::bench
