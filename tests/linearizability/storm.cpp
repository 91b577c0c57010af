// SPDX-License-Identifier: Apache-2.0
#include "linearizability/storm.hpp"

#include <algorithm>
#include <csignal>
#include <optional>
#include <stdexcept>

#include "linearizability/checker.hpp"
#include "linearizability/participant.hpp"
#include "process/shared.hpp"
#include "support/child.hpp"

namespace latchfile::test {
namespace {

/// How long a process stays stopped if the others make no progress: all may wait for its lock.
constexpr auto longest_stop = std::chrono::milliseconds(5);
/// For the others to go on after a signal; what takes longer hangs.
constexpr auto patience = std::chrono::minutes(1);

class Blow {
 public:
  Blow(const Store& store, const std::vector<ContainerId>& ids, const StormPlan& plan)
      : store_(store),
        ids_(ids),
        plan_(plan),
        // A list makes an entry for each id, and one lane may do all the work.
        journal_(plan.processes + 1, ids.size() * static_cast<std::size_t>(plan.operations + 1000)),
        random_(plan.seed),
        lives_(static_cast<std::size_t>(plan.processes), 0),
        children_(static_cast<std::size_t>(plan.processes)) {
    if (plan.processes >= max_lanes || ids.size() > Scene::max_ids) throw std::length_error("plan");
  }

  StormReport run() {
    for (int lane = 0; lane < plan_.processes; ++lane)
      start(lane);
    while (wait_for_some(2 * plan_.between, patience))
      disturb();
    for (auto& child : children_) {
      if (child->wait() != 0) scene_->add_unexpected("a process failed");
    }
    // Whatever happened last must fit as well; this process is the lane after all others.
    visit(plan_.processes).look_at_all();
    return report();
  }

 private:
  Visitor visitor(int lane) {
    const auto is_child = lane < plan_.processes;
    return {static_cast<std::uint32_t>(lane),
            is_child ? lives_[static_cast<std::size_t>(lane)] : 1U};
  }

  Participant visit(int lane) {
    return {store_, ids_, *scene_, journal_, visitor(lane), plan_.seed};
  }

  void start(int lane) {
    const auto at = static_cast<std::size_t>(lane);
    ++lives_[at];
    children_[at].emplace([&] {
      visit(lane).work(plan_.operations);
      return 0;
    });
  }

  [[nodiscard]] bool over() const { return scene_->operations >= plan_.operations; }

  /// Waits until a random number of operations were done; false if the storm is over.
  bool wait_for_some(long at_most, std::chrono::milliseconds limit) {
    const auto target =
        scene_->operations + 1 + static_cast<long>(random_() % static_cast<unsigned long>(at_most));
    const bool reached = eventually([&] { return over() || scene_->operations >= target; }, limit);
    if (!reached && limit == patience) {
      scene_->add_unexpected("nothing goes on");
      scene_->operations = plan_.operations;
      for (auto& child : children_)
        child->signal(SIGKILL);
    }
    return !over();
  }

  /// One signal, or a stop and its end.
  void disturb() {
    const int lane = static_cast<int>(random_() % static_cast<unsigned long>(plan_.processes));
    const auto& child = *children_[static_cast<std::size_t>(lane)];
    if (random_() % 2 == 0) return kill(lane);
    ++stops_;
    child.signal(SIGSTOP);
    static_cast<void>(wait_for_some(100, longest_stop));
    if (random_() % 4 == 0) return kill(lane);
    child.signal(SIGCONT);
  }

  void kill(int lane) {
    auto& child = *children_[static_cast<std::size_t>(lane)];
    scene_->condemned.add(visitor(lane));
    child.signal(SIGKILL);
    if (child.wait() == 128 + SIGKILL) ++kills_;
    journal_.close(lane);
    start(lane);
  }

  StormReport report() {
    StormReport report;
    report.operations = scene_->operations;
    report.kills = kills_;
    report.stops = stops_;
    for (const auto& witness : scene_->witnesses) {
      report.entered += witness.entered();
      report.overlaps += witness.overlaps();
    }
    report.unexpected = scene_->unexpected;
    report.first_unexpected = scene_->first_unexpected.data();
    for (std::size_t id = 0; id < ids_.size(); ++id) {
      const auto history = journal_.history_of(id);
      report.lengths.push_back(history.size());
      report.interrupted += std::ranges::count(history, false, &Operation::certain);
      if (auto violation = find_violation(history)) {
        report.violations.push_back(std::string(ids_[id].text()) + ": " + *violation);
      }
    }
    return report;
  }

  const Store& store_;
  const std::vector<ContainerId>& ids_;
  StormPlan plan_;
  const Shared<Scene> scene_;
  Journal journal_;
  std::mt19937 random_;
  std::vector<std::uint32_t> lives_;  ///< how many processes each lane has had
  std::vector<std::optional<Child>> children_;
  long kills_ = 0;
  long stops_ = 0;
};

}  // namespace

StormReport blow(const Store& store, const std::vector<ContainerId>& ids, const StormPlan& plan) {
  return Blow(store, ids, plan).run();
}

}  // namespace latchfile::test
