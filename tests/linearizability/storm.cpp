// SPDX-License-Identifier: Apache-2.0
#include "linearizability/storm.hpp"

#include <csignal>
#include <random>

#include "linearizability/crew.hpp"

namespace latchfile::test {
namespace {

/// How long a process stays stopped if the others make no progress: all may wait for its lock.
constexpr auto longest_stop = std::chrono::milliseconds(5);
/// For the others to go on after a signal; what takes longer hangs.
constexpr auto patience = std::chrono::minutes(1);

class Blow {
 public:
  Blow(const Store& store, const std::vector<ContainerId>& ids, const StormPlan& plan)
      : crew_(store, ids, plan.operations, plan.seed, plan.processes),
        plan_(plan),
        random_(plan.seed) {}

  StormReport run() {
    crew_.start();
    while (wait_for_some(2 * plan_.between, patience))
      disturb();
    auto report = crew_.report();
    report.stops = stops_;
    return report;
  }

 private:
  [[nodiscard]] bool over() const { return crew_.operations() >= plan_.operations; }

  /// Waits until a random number of operations were done; false if the storm is over.
  bool wait_for_some(long at_most, std::chrono::milliseconds limit) {
    const auto target =
        crew_.operations() + 1 + static_cast<long>(random_() % static_cast<unsigned long>(at_most));
    const bool reached = eventually([&] { return over() || crew_.operations() >= target; }, limit);
    if (!reached && limit == patience) {
      crew_.add_unexpected("nothing goes on");
      crew_.stop();
      crew_.kill_all();
    }
    return !over();
  }

  /// One signal, or a stop and its end.
  void disturb() {
    const int lane = static_cast<int>(random_() % static_cast<unsigned long>(plan_.processes));
    if (random_() % 2 == 0) return crew_.replace(lane);
    ++stops_;
    crew_.process(lane).signal(SIGSTOP);
    static_cast<void>(wait_for_some(100, longest_stop));
    if (random_() % 4 == 0) return crew_.replace(lane);
    crew_.process(lane).signal(SIGCONT);
  }

  Crew crew_;
  StormPlan plan_;
  std::mt19937 random_;
  long stops_ = 0;
};

}  // namespace

StormReport blow(const Store& store, const std::vector<ContainerId>& ids, const StormPlan& plan) {
  return Blow(store, ids, plan).run();
}

}  // namespace latchfile::test
