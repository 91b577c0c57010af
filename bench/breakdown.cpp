// SPDX-License-Identifier: Apache-2.0
//
// bench_breakdown: where the time of one save and one load of 6 KB goes, system call by system
// call, with those marked that the floor does not make. A line for each: operation, call,
// microseconds, and whether it is the floor's. What is not in the kernel is the last line of each.
//
// The store works on a kernel that takes the time of every call; the time that this takes itself is
// measured as well and taken off. Each figure is the median of the rounds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "latchfile/local.hpp"
#include "local/local_backend.hpp"
#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/passing_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int rounds = 100;
constexpr int calls = 200;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + std::ssize(values) / 2;
  std::ranges::nth_element(values, middle);
  return *middle;
}

/// Sums up the time of the first call since again(), of the second, and so on, for each round.
class TimedKernel final : public test::PassingKernel {
 public:
  struct Call {
    std::string name;
    double microseconds = 0;      ///< in this round
    std::vector<double> of_each;  ///< of one operation, in each round
  };

  void forget() { calls_.clear(), again(); }
  void end_round() {
    for (auto& call : calls_) {
      call.of_each.push_back(call.microseconds / bench::calls);
      call.microseconds = 0;
    }
  }
  void again() { next_ = 0; }
  [[nodiscard]] const std::vector<Call>& calls() const { return calls_; }

  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    auto fd = timed("openat", [&] { return PassingKernel::openat(dir, path, flags, mode); });
    if (!fd) return fd;
    return UniqueFd(*this, fd->release());
  }
  Sys<> close(int fd) override {
    return timed("close", [&] { return PassingKernel::close(fd); });
  }
  Sys<std::size_t> read(int fd, char* into, std::size_t bytes) override {
    return timed("read", [&] { return PassingKernel::read(fd, into, bytes); });
  }
  Sys<std::size_t> write(int fd, std::string_view bytes) override {
    return timed("write", [&] { return PassingKernel::write(fd, bytes); });
  }
  Sys<struct stat> fstat(int fd, Times times) override {
    const auto* name = times == Times::no ? "statx" : "fstat";
    return timed(name, [&] { return PassingKernel::fstat(fd, times); });
  }
  Sys<> fchmod(int fd, mode_t mode) override {
    return timed("fchmod", [&] { return PassingKernel::fchmod(fd, mode); });
  }
  Sys<struct stat> fstatat(int dir, const char* path, int flags, Times times) override {
    const auto* name = times == Times::no ? "statx" : "fstatat";
    return timed(name, [&] { return PassingKernel::fstatat(dir, path, flags, times); });
  }
  Sys<> renameat(int dir, const char* from, const char* to) override {
    return timed("renameat", [&] { return PassingKernel::renameat(dir, from, to); });
  }

 private:
  template <class Operation>
  std::invoke_result_t<Operation> timed(const char* name, const Operation& operation) {
    const auto begin = Clock::now();
    auto outcome = operation();
    if (next_ == calls_.size()) calls_.push_back({name, 0, {}});
    require(calls_[next_].name == name, "the same calls each time");
    calls_[next_++].microseconds += microseconds_since(begin);
    return outcome;
  }

  std::vector<Call> calls_;
  std::size_t next_ = 0;
};

/// What TimedKernel takes for a call that takes nothing.
double cost_of_a_clock() {
  std::vector<double> of_each;
  for (int round = 0; round < rounds; ++round) {
    double sum = 0;
    for (int i = 0; i < calls; ++i)
      sum += microseconds_since(Clock::now());
    of_each.push_back(sum / calls);
  }
  return median(std::move(of_each));
}

/// `extra`: which calls, from 0, the floor does not make. `whole`: the operation without a clock.
void print(const std::string& operation, const TimedKernel& kernel, double whole,
           const std::vector<std::size_t>& extra) {
  const double clock = cost_of_a_clock();
  double in_kernel = 0;
  for (std::size_t i = 0; i < kernel.calls().size(); ++i) {
    const auto& call = kernel.calls()[i];
    const double cost = median(call.of_each) - clock;
    in_kernel += cost;
    std::printf("%s,%s,%.2f,%s\n", operation.c_str(), call.name.c_str(), cost,
                std::ranges::find(extra, i) == extra.end() ? "floor" : "ours");
  }
  std::printf("%s,not in the kernel,%.2f,\n", operation.c_str(), whole - in_kernel);
}

/// A store on tmpfs that works on `kernel`.
class Root {
 public:
  explicit Root(Kernel& kernel) : kernel_(kernel) {}

  [[nodiscard]] LockedState create() const {
    return test::or_throw(
        test::or_throw(store_.lock_for_new(id_, Wait::never())).create(document_));
  }
  void load() const { require(store_.load(id_).has_value(), "load"); }
  [[nodiscard]] const Document& document() const { return document_; }

 private:
  Kernel& kernel_;
  const test::TempDir dir_{memory_file_system};
  const ContainerId id_ = test::id_of("pod1/web");
  const Document document_ = container_document(id_);
  const Store store_{std::make_shared<const LocalBackend>(
      kernel_, dir_.path().string(), LocalOptions{.durability = Durability::unsafe_on_power_cut})};
};

void save(const Root& root, LockedState& state) {
  require(state.save(root.document()).has_value(), "save");
}

/// `timed` is done on `kernel` and `plain` on the real one, in turn.
void break_down(const std::string& name, TimedKernel& kernel, const std::function<void()>& timed,
                const std::function<void()>& plain, const std::vector<std::size_t>& extra) {
  kernel.forget();
  std::vector<double> whole;
  for (int round = 0; round < rounds; ++round) {
    for (int i = 0; i < calls; ++i) {
      kernel.again();
      timed();
    }
    kernel.end_round();
    const auto begin = Clock::now();
    for (int i = 0; i < calls; ++i)
      plain();
    whole.push_back(microseconds_since(begin) / calls);
  }
  print(name, kernel, median(std::move(whole)), extra);
}

void break_down_both() {
  const Root plain(real_kernel());
  auto plain_state = plain.create();
  TimedKernel kernel;
  const Root timed(kernel);
  auto timed_state = timed.create();
  break_down(
      "save", kernel, [&] { save(timed, timed_state); }, [&] { save(plain, plain_state); }, {2});
  break_down("load", kernel, [&] { timed.load(); }, [&] { plain.load(); }, {0, 4});
}

}  // namespace
}  // namespace latchfile::bench

int main() { latchfile::bench::break_down_both(); }
