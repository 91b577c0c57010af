// SPDX-License-Identifier: Apache-2.0
#include "linearizability/crew.hpp"

#include <algorithm>
#include <csignal>
#include <stdexcept>

#include "linearizability/checker.hpp"

namespace latchfile::test {

Crew::Crew(const Store& store, const std::vector<ContainerId>& ids, long operations, unsigned seed,
           int processes, bool is_remote)
    : store_(store),
      ids_(ids),
      operations_(operations),
      seed_(seed),
      processes_(processes),
      // A list makes an entry for each id, and one lane may do all the work.
      journal_(processes + 1, ids.size() * static_cast<std::size_t>(operations + 1000)),
      lives_(static_cast<std::size_t>(processes), 0),
      children_(static_cast<std::size_t>(processes)) {
  if (processes >= max_lanes || ids.size() > Scene::max_ids) throw std::length_error("crew");
  scene_->is_remote = is_remote;
}

void Crew::start() {
  for (int lane = 0; lane < processes_; ++lane)
    start(lane);
}

void Crew::start(int lane) {
  const auto at = static_cast<std::size_t>(lane);
  ++lives_[at];
  children_[at].emplace([&] {
    visit(lane).work(operations_);
    return 0;
  });
}

void Crew::replace(int lane) {
  auto& child = *children_[static_cast<std::size_t>(lane)];
  scene_->condemned.add(visitor(lane));
  child.signal(SIGKILL);
  if (child.wait() == 128 + SIGKILL) ++kills_;
  // What it had sent to another machine may still come to pass.
  if (!scene_->is_remote) journal_.close(lane);
  start(lane);
}

void Crew::kill_all() {
  for (auto& child : children_)
    child->signal(SIGKILL);
}

Visitor Crew::visitor(int lane) const {
  const auto is_child = lane < processes_;
  return {static_cast<std::uint32_t>(lane), is_child ? lives_[static_cast<std::size_t>(lane)] : 1U};
}

Participant Crew::visit(int lane) {
  return {store_, ids_, *scene_, journal_, visitor(lane), seed_};
}

StormReport Crew::report() {
  for (auto& child : children_) {
    if (child->wait() != 0) scene_->add_unexpected("a process failed");
  }
  // Whatever happened last must fit as well; this process is the lane after all others.
  visit(processes_).look_at_all();
  StormReport report;
  report.operations = scene_->operations;
  report.kills = kills_;
  for (const auto& witness : scene_->witnesses) {
    report.entered += witness.entered();
    report.overlaps += witness.overlaps();
  }
  report.unavailable = scene_->unavailable;
  report.unknown = scene_->unknown;
  report.lost = scene_->lost;
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

}  // namespace latchfile::test
