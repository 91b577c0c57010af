// SPDX-License-Identifier: Apache-2.0
//
// How many requests a process makes that holds 1,000 locks in etcd, in a third of their time to
// live, beside one: what it is for a single lock. What other benchmarks have in microseconds is a
// number of requests here.
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "etcd/requests.hpp"
#include "etcd/wire.hpp"
#include "peer.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"

namespace latchfile::bench {
namespace {

constexpr int locks = 1'000;
constexpr std::chrono::seconds ttl(6);
constexpr int periods = 2;

/// All of them over one wire, on which they are counted.
class Holder {
 public:
  Holder() {
    const auto store = test::store_over(wire_, server_, "/keepalive", ttl);
    for (int i = 0; i < locks; ++i) {
      const auto id = test::id_of("container" + std::to_string(i));
      guards_.push_back(test::or_throw(store.lock_for_new(id, Wait::never())));
    }
  }

  [[nodiscard]] double requests() const {
    return static_cast<double>(wire_->count(request::path::keepalive));
  }

 private:
  test::EtcdServer& server_ = test::EtcdServer::shared();
  const std::shared_ptr<test::Wire> wire_ = std::make_shared<test::Wire>(server_);
  std::vector<Vacancy> guards_;
};

void keepalive(benchmark::State& state) {
  static const Holder holder;
  for (auto _ : state) {
    const auto before = holder.requests();
    std::this_thread::sleep_for(ttl / 3 * periods);
    const auto made = (holder.requests() - before) / periods;
    require(made > 0, "keep the locks");
    // report_pair shows seconds as microseconds.
    report_pair(state, made / 1e6, 1 / 1e6, cost_at_most(2));
  }
}
BENCHMARK(keepalive)->Name("etcd_keepalive")->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
