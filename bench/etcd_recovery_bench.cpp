// SPDX-License-Identifier: Apache-2.0
//
// From the kill -9 of the leader of three members of etcd, with the timers that etcd has unless it
// is told otherwise, until a save that begins after it is acknowledged: beside the 3 s that it may
// take, and beside a bare client that meanwhile puts at one member after the other, for no longer
// than a moment each, which is how long etcd itself takes.
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <vector>

#include "etcd/cluster.hpp"
#include "etcd/requests.hpp"
#include "peer.hpp"
#include "support/bare_etcd.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"

namespace latchfile::bench {
namespace {

using Clock = std::chrono::steady_clock;
using test::EtcdCluster;

constexpr double most_seconds = 3;
constexpr std::chrono::milliseconds moment(100);
/// What each side has written before the leader is killed.
constexpr int warm = 20;

/// Puts at one member until one does not answer, then at the next.
class BareWriter {
 public:
  explicit BareWriter(const EtcdCluster& cluster) {
    for (std::size_t member = 0; member < EtcdCluster::size; ++member)
      members_.emplace_back(cluster.socket(member), request::path::txn);
  }

  bool write() {
    if (members_[current_].post(put_, moment)) return true;
    current_ = (current_ + 1) % members_.size();
    return false;
  }

 private:
  std::vector<BareEtcd> members_;
  std::size_t current_ = 0;
  const std::string put_ = request::Txn().then_put("/bare", "written").body();
};

/// One that writes until the leader is gone and comes back.
class Writer {
 public:
  /// `write` is false if it is not known whether it has written.
  explicit Writer(std::function<bool()> write)
      : recovered_(std::async(std::launch::async, [this, write = std::move(write)] {
          for (;;) {
            const bool after_kill = killed_;
            if (!write()) continue;
            if (after_kill) return Clock::now();
            ++writes_;
          }
        })) {}

  [[nodiscard]] bool is_warm() const { return writes_ >= warm; }
  void note_kill() { killed_ = true; }
  /// Seconds from `kill` on, once it is noted.
  [[nodiscard]] double seconds_since(Clock::time_point kill) {
    return std::chrono::duration<double>(recovered_.get() - kill).count();
  }

 private:
  std::atomic<bool> killed_ = false;
  std::atomic<int> writes_ = 0;
  std::future<Clock::time_point> recovered_;
};

struct Recovery {
  double ours;
  double bare;
};

/// Kills the leader once, and starts it again afterwards.
Recovery recover() {
  static EtcdCluster cluster(nullptr, EtcdCluster::usual_timers);
  const auto store = cluster.open();
  const auto id = test::id_of("pod1/web");
  const auto document = container_document(id);
  auto guard =
      test::or_throw(test::or_throw(store.lock_for_new(id, Wait::never())).create(document));
  BareWriter bare(cluster);
  Writer ours([&] {
    const auto saved = guard.save(document);
    require(saved || saved.error().code == Errc::commit_unknown, "save");
    return saved.has_value();
  });
  Writer other([&] { return bare.write(); });
  require(test::eventually([&] { return ours.is_warm() && other.is_warm(); }), "write");
  const auto leader = cluster.leader();
  require(leader.has_value(), "a leader");
  const auto kill = Clock::now();
  cluster.kill(*leader);
  for (auto* writer : {&ours, &other})
    writer->note_kill();
  const Recovery recovery{ours.seconds_since(kill), other.seconds_since(kill)};

  cluster.start(*leader);
  BareEtcd started(cluster.socket(*leader), request::path::range);
  require(test::eventually([&] { return started.post(request::range({.key = "/bare"}), moment); }),
          "start the member again");
  require(std::move(guard).destroy().has_value(), "destroy");
  return recovery;
}

void beside_limit(benchmark::State& state) {
  for (auto _ : state)
    report_pair(state, recover().ours, most_seconds, cost_at_most(1));
}
BENCHMARK(beside_limit)->Name("etcd_recovery")->Apply(as_pair);

void beside_bare(benchmark::State& state) {
  for (auto _ : state) {
    const auto recovery = recover();
    report_pair(state, recovery.ours, recovery.bare, cost_at_most(1.5));
  }
}
BENCHMARK(beside_bare)->Name("etcd_recovery_bare")->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
