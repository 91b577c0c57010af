// SPDX-License-Identifier: Apache-2.0
#include "etcd/storm.hpp"

#include <algorithm>
#include <csignal>
#include <deque>
#include <random>

#include "linearizability/crew.hpp"

namespace latchfile::test {
namespace {

using Clock = std::chrono::steady_clock;

/// Many more than are wanted are done while the faults last.
constexpr long most_operations = 500'000;
/// For the members to answer again once all of them run, and the processes to end.
constexpr auto patience = std::chrono::minutes(1);

class EtcdBlow {
 public:
  EtcdBlow(EtcdCluster& cluster, const Store& store, const std::vector<ContainerId>& ids,
           const EtcdStormPlan& plan)
      : cluster_(cluster),
        store_(store),
        ids_(ids),
        plan_(plan),
        crew_(store, ids, most_operations, plan.seed, plan.writers, true),
        random_(plan.seed) {}

  EtcdStormReport run() {
    crew_.start();
    while (!over())
      have_one_fault();
    for (const auto& frozen : frozen_)
      crew_.process(frozen.lane).signal(SIGCONT);
    EtcdStormReport report;
    const auto done = crew_.operations();
    crew_.stop();
    if (!eventually([&] { return store_.load(ids_.front()) || is_absent(); }, patience)) {
      crew_.add_unexpected("etcd does not come back");
    }
    report.storm = crew_.report();
    report.storm.operations = done;
    report.storm.stops = faults_["a writer is frozen"];
    report.faults = std::move(faults_);
    return report;
  }

 private:
  using Member = std::size_t;
  struct Frozen {
    int lane;
    Clock::time_point until;
  };

  [[nodiscard]] bool is_absent() const {
    const auto found = store_.load(ids_.front());
    return !found && found.error().code == Errc::not_found;
  }
  [[nodiscard]] bool over() const {
    return crew_.operations() >= plan_.operations && count_ >= plan_.faults;
  }

  /// All kinds, in random order, before any comes again.
  int next_kind() {
    if (kinds_.empty()) {
      for (int kind = 0; kind < 8; ++kind)
        kinds_.push_back(kind);
      std::ranges::shuffle(kinds_, random_);
    }
    const int kind = kinds_.back();
    kinds_.pop_back();
    return kind;
  }

  void have_one_fault() {
    thaw();
    const auto leader = cluster_.leader().value_or(below(EtcdCluster::size));
    const auto follower = (leader + 1 + below(EtcdCluster::size - 1)) % EtcdCluster::size;
    switch (next_kind()) {
      case 0: return kill("the leader is killed", {leader});
      case 1: return kill("a follower is killed", {follower});
      case 2: return kill("a quorum is killed", {leader, follower});
      case 3: return stop("the leader is stopped", {leader});
      case 4: return stop("a follower is stopped", {follower});
      case 5: return stop("a quorum is stopped", {leader, follower});
      case 6: return freeze();
      default: return replace();
    }
  }

  void kill(const std::string& name, const std::vector<Member>& members) {
    count(name);
    for (const auto member : members)
      cluster_.kill(member);
    last(plan_.fault);
    for (const auto member : members)
      cluster_.start(member);
  }
  void stop(const std::string& name, const std::vector<Member>& members) {
    count(name);
    for (const auto member : members)
      cluster_.signal(member, SIGSTOP);
    // Now and then for so long that attempts are given up which it carries out later.
    last(below(3) == 0 ? plan_.long_stop : plan_.fault);
    for (const auto member : members)
      cluster_.signal(member, SIGCONT);
  }
  void freeze() {
    const int lane = some_lane();
    if (std::ranges::find(frozen_, lane, &Frozen::lane) != frozen_.end()) return;
    count("a writer is frozen");
    crew_.process(lane).signal(SIGSTOP);
    frozen_.push_back({lane, Clock::now() + plan_.freeze});
  }
  void replace() {
    const int lane = some_lane();
    if (std::ranges::find(frozen_, lane, &Frozen::lane) != frozen_.end()) return;
    count("a writer is killed");
    crew_.replace(lane);
    last(plan_.fault);
  }

  void count(const std::string& name) {
    ++count_;
    ++faults_[name];
  }
  void last(std::chrono::milliseconds time) const {
    static_cast<void>(eventually([&] { return over(); }, time));
  }
  void thaw() {
    while (!frozen_.empty() && frozen_.front().until <= Clock::now()) {
      crew_.process(frozen_.front().lane).signal(SIGCONT);
      frozen_.pop_front();
    }
  }

  std::size_t below(std::size_t n) { return random_() % n; }
  int some_lane() { return static_cast<int>(below(static_cast<std::size_t>(plan_.writers))); }

  EtcdCluster& cluster_;
  const Store& store_;
  const std::vector<ContainerId>& ids_;
  const EtcdStormPlan plan_;
  Crew crew_;
  std::mt19937 random_;
  std::vector<int> kinds_;
  std::deque<Frozen> frozen_;
  std::map<std::string, int> faults_;
  int count_ = 0;
};

}  // namespace

EtcdStormReport blow(EtcdCluster& cluster, const Store& store, const std::vector<ContainerId>& ids,
                     const EtcdStormPlan& plan) {
  return EtcdBlow(cluster, store, ids, plan).run();
}

}  // namespace latchfile::test
