// SPDX-License-Identifier: Apache-2.0
//
// bench_timed_ways [ROUNDS]: from the release of a lock until the next holder has it, by each of
// the ways in which one can wait for flock(2) with a limit, beside flock itself, which has none. In
// each round every way has its turn; a line for each: the medians of the rounds, in microseconds
// and beside flock of the same round. What comes of it is in docs/performance.md.
//
// These are experiments. Not all of them are fit for a library, and none gives up here.
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <functional>
#include <linux/futex.h>
#include <memory>
#include <optional>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "posix/kernel.hpp"
#include "posix/real_kernel.hpp"
#include "support/container_document.hpp"
#include "support/relay.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto long_enough = std::chrono::seconds(60);

timespec end_of_wait() {
  timespec end{};
  clock_gettime(CLOCK_MONOTONIC, &end);
  end.tv_sec += long_enough.count();
  return end;
}

/// An event that one thread waits for, by a bare futex(2).
class Event {
 public:
  void set() {
    happened_ = 1;
    syscall(SYS_futex, &happened_, FUTEX_WAKE, 1, nullptr, nullptr, 0);
  }
  void wait() {
    const auto end = end_of_wait();
    while (happened_ == 0) {
      const auto waited = syscall(SYS_futex, &happened_, FUTEX_WAIT_BITSET, 0, &end, nullptr,
                                  FUTEX_BITSET_MATCH_ANY);
      require(waited == 0 || errno != ETIMEDOUT, "a hand-over within a minute");
    }
  }

 private:
  std::atomic<int> happened_ = 0;
};

/// What waits for a lock that is busy, and what there is to do once it was released again.
struct Waiter {
  std::function<void(int fd)> wait;
  std::function<void()> after = [] {};
};

/// Each process of a relay makes a waiter of its own.
struct Way {
  const char* name;
  std::function<Waiter(const std::string& file)> make;
};

Way stateless(const char* name, const std::function<void(int fd)>& wait) {
  return {name, [wait](const std::string&) { return Waiter{wait}; }};
}

void sleep_in_flock(int fd) { require(flock(fd, LOCK_EX) == 0, "flock"); }

void sleep_in_ours(int fd) {
  require(real_kernel().flock_until(fd, LOCK_EX, Clock::now() + long_enough).has_value(),
          "flock_until");
}

cpu_set_t only(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  return set;
}

enum class Place { anywhere, begun_here, kept_here };

/// A thread that sleeps in flock, at first or for ever on the CPU of its creator.
class Sleeper {
 public:
  Sleeper(int fd, Place place) : fd_(fd), place_(place), cpu_(sched_getcpu()) {
    require(pthread_create(&thread_, nullptr, &Sleeper::run, this) == 0, "pthread_create");
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  ~Sleeper() {
    leave_.set();
    if (thread_ != 0) pthread_join(thread_, nullptr);
  }

  void wait() { locked_.wait(); }
  void leave() { leave_.set(); }
  /// Waits for the end of the thread, which leave() allowed.
  void join() {
    const auto end = end_of_wait();
    require(pthread_clockjoin_np(thread_, nullptr, CLOCK_MONOTONIC, &end) == 0, "join");
    thread_ = 0;
  }

 private:
  static void* run(void* self) {
    auto& sleeper = *static_cast<Sleeper*>(self);
    if (sleeper.place_ != Place::anywhere) {
      cpu_set_t before;
      sched_getaffinity(0, sizeof before, &before);
      const auto here = only(sleeper.cpu_);
      sched_setaffinity(0, sizeof here, &here);
      if (sleeper.place_ == Place::begun_here) sched_setaffinity(0, sizeof before, &before);
    }
    sleep_in_flock(sleeper.fd_);
    sleeper.locked_.set();
    sleeper.leave_.wait();
    return nullptr;
  }

  int fd_;
  Place place_;
  int cpu_;
  pthread_t thread_{};
  Event locked_;
  Event leave_;
};

/// The end of the thread is the only thing that is waited for.
void wait_for_end(int fd, Place place) {
  Sleeper sleeper(fd, place);
  sleeper.leave();
  sleeper.join();
}

/// The thread stays until the lock was released, so that its end delays nobody.
Waiter kept_until_release(Place place) {
  const auto sleeper = std::make_shared<std::optional<Sleeper>>();
  return {[sleeper, place](int fd) { sleeper->emplace(fd, place).wait(); },
          [sleeper] { sleeper->reset(); }};
}

/// A process that shares memory and descriptors, in place of a thread.
void wait_for_clone(int fd) {
  struct Shared {
    int fd;
    Event locked;
  } shared{fd, {}};
  alignas(64) static std::array<char, 65'536> stack;
  const auto body = [](void* argument) {
    auto& its = *static_cast<Shared*>(argument);
    // No function of the C library: the thread-local data are those of the creator.
    while (syscall(SYS_flock, its.fd, LOCK_EX) != 0) {
    }
    its.locked.set();
    syscall(SYS_exit, 0);
    return 0;
  };
  const pid_t pid = clone(body, stack.data() + stack.size(), CLONE_VM | CLONE_FILES, &shared);
  require(pid > 0, "clone");
  shared.locked.wait();
  while (waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) {
  }
}

/// The caller itself sleeps in flock. At the end a timer would send a signal to it, and another
/// one each millisecond, should one come before flock was called. It needs a handler.
void wait_with_timer(int fd) {
  struct sigaction action{};
  action.sa_handler = [](int) {};
  require(sigaction(SIGRTMIN, &action, nullptr) == 0, "sigaction");
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGRTMIN;
  event._sigev_un._tid = gettid();
  timer_t timer{};
  require(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0, "timer_create");
  itimerspec times{};
  times.it_value.tv_sec = long_enough.count();
  times.it_interval.tv_nsec = 1'000'000;
  timer_settime(timer, 0, &times, nullptr);
  sleep_in_flock(fd);
  timer_delete(timer);
}

void sleep_for(std::chrono::microseconds time) {
  const timespec span{0, std::chrono::nanoseconds(time).count()};
  nanosleep(&span, nullptr);
}

bool try_lock(int fd) { return flock(fd, LOCK_EX | LOCK_NB) == 0; }

void look_now_and_then(int fd, std::chrono::microseconds first, std::chrono::microseconds most) {
  for (auto pause = first; !try_lock(fd); pause = std::min(2 * pause, most))
    sleep_for(pause);
}

/// Sleeps until somebody closes the file. What was unlocked and not closed is seen 10 ms later.
Waiter until_close(const std::string& file) {
  const int events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  require(inotify_add_watch(events, file.c_str(), IN_CLOSE) >= 0, "inotify_add_watch");
  return {[events](int fd) {
    while (!try_lock(fd)) {
      pollfd ready{events, POLLIN, 0};
      poll(&ready, 1, 10);
      std::array<char, 4096> told{};
      while (read(events, told.data(), told.size()) > 0) {
      }
    }
  }};
}

std::vector<Way> all_ways() {
  using std::chrono_literals::operator""us;
  return {
      stateless("flock", sleep_in_flock),
      stateless("ours: thread, semaphore, join", sleep_in_ours),
      stateless("thread, its end", [](int fd) { wait_for_end(fd, Place::anywhere); }),
      stateless("thread begun on the same CPU, its end",
                [](int fd) { wait_for_end(fd, Place::begun_here); }),
      stateless("thread kept on the same CPU, its end",
                [](int fd) { wait_for_end(fd, Place::kept_here); }),
      {"thread that stays, futex", [](const auto&) { return kept_until_release(Place::anywhere); }},
      {"the same, on the same CPU",
       [](const auto&) { return kept_until_release(Place::kept_here); }},
      stateless("cloned process, futex", wait_for_clone),
      stateless("timer and signal", wait_with_timer),
      stateless("LOCK_NB each 20 us", [](int fd) { look_now_and_then(fd, 20us, 20us); }),
      stateless("LOCK_NB after 50 us, 100 us ... 1 ms",
                [](int fd) { look_now_and_then(fd, 50us, 1000us); }),
      {"inotify", until_close},
  };
}

Acquire by(const Way& way, const std::string& file) {
  return [waiter = way.make(file), file]() -> Held {
    const int fd = open(file.c_str(), O_RDWR | O_CLOEXEC);
    require(fd >= 0, "open");
    if (!try_lock(fd)) waiter.wait(fd);
    return {nullptr, [&waiter, fd](void*) {
              flock(fd, LOCK_UN);
              close(fd);
              waiter.after();
            }};
  };
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

/// The 50th and the 99th of a hundred hand-overs, a value for each round.
struct Measured {
  std::vector<double> p50, p99, p50_ratio, p99_ratio;
};

void compare(int rounds) {
  const test::TempDir root(memory_file_system);
  const auto file = root / "lock";
  close(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const auto ways = all_ways();
  std::vector<Measured> measured(ways.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < ways.size(); ++i) {
      const auto seconds = relay([&] { return by(ways[i], file); });
      auto& its = measured[i];
      its.p50.push_back(seconds[hand_overs * 50 / 100 - 1] * 1e6);
      its.p99.push_back(seconds[hand_overs * 99 / 100 - 1] * 1e6);
      its.p50_ratio.push_back(its.p50.back() / measured[0].p50.back());
      its.p99_ratio.push_back(its.p99.back() / measured[0].p99.back());
    }
  }
  std::printf("%-40s %8s %8s %8s %8s\n", "", "p50, us", "p99, us", "ratio", "ratio");
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const auto& its = measured[i];
    std::printf("%-40s %8.1f %8.1f %8.2f %8.2f\n", ways[i].name, median(its.p50), median(its.p99),
                median(its.p50_ratio), median(its.p99_ratio));
  }
}

}  // namespace
}  // namespace latchfile::bench

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 11;
  latchfile::bench::require(rounds > 0, "ROUNDS is a number");
  latchfile::bench::compare(rounds);
}
