// SPDX-License-Identifier: Apache-2.0
//
// LockedState::save and Store::load of one container of 6 KB among 10,000 or 100,000 others in
// etcd, beside the same among 100; and what Store::list takes for each name, beside the same. Each
// number of containers has an etcd of its own. By the clock: most of it is etcd.
#include <algorithm>
#include <string>

#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/etcd_crowd.hpp"
#include "support/pair.hpp"

namespace latchfile::bench {
namespace {

constexpr int few = 100;
constexpr int calls = 50;

/// One container more, which is destroyed with the object.
class Another {
 public:
  explicit Another(const EtcdCrowd& crowd)
      : crowd_(crowd),
        guard_(test::or_throw(
            test::or_throw(crowd.store().lock_for_new(id_, Wait::never())).create(document_))) {}
  Another(const Another&) = delete;
  Another& operator=(const Another&) = delete;
  ~Another() { require(std::move(guard_).destroy().has_value(), "destroy"); }

  void save() { require(guard_.save(document_).has_value(), "save"); }
  void load() { require(crowd_.store().load(id_).has_value(), "load"); }

 private:
  const EtcdCrowd& crowd_;
  const ContainerId id_ = test::id_of("web");
  const Document document_ = container_document(id_);
  LockedState guard_;
};

void one(benchmark::State& state, void (Another::*call)(), int others) {
  constexpr int rounds = 10;
  Another ours(crowd_of(others));
  Another other(crowd_of(few));
  const auto batch = [call](Another& container) {
    return Side{[&container, call] {
                  for (int i = 0; i < calls; ++i)
                    (container.*call)();
                },
                calls};
  };
  for (auto _ : state)
    measure_pair(state, batch(ours), batch(other), rounds, Time::wall, cost_at_most(1.3));
}

void each_name(benchmark::State& state, int containers) {
  // So that no batch takes less than some milliseconds.
  constexpr int least = 2'000;
  const auto batch = [](const EtcdCrowd& crowd) {
    const int times = std::max(1, least / crowd.containers());
    return Side{[&crowd, times] {
                  for (int i = 0; i < times; ++i)
                    crowd.list();
                },
                times * crowd.containers()};
  };
  const int rounds = containers > 10'000 ? 2 : 10;  // then a batch takes a second
  for (auto _ : state) {
    measure_pair(state, batch(crowd_of(containers)), batch(crowd_of(few)), rounds, Time::wall,
                 cost_at_most(1.3));
  }
}

const bool added = [] {
  for (const int others : {10'000, 100'000}) {
    const auto number = "_" + std::to_string(others);
    const auto add = [&](const std::string& name, auto... arguments) {
      benchmark::RegisterBenchmark(("etcd_growth_" + name + number).c_str(), arguments...)
          ->Apply(as_pair);
    };
    add("save", one, &Another::save, others);
    add("load", one, &Another::load, others);
    add("list", each_name, others);
  }
  return true;
}();

}  // namespace
}  // namespace latchfile::bench
