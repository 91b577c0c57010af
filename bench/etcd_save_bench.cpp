// SPDX-License-Identifier: Apache-2.0
//
// LockedState::save of 6 KB in etcd, which is fenced by the lock and by the save before, beside a
// bare transaction that puts as much without any condition. By the clock: most of it is etcd.
#include "etcd/envelope.hpp"
#include "etcd/requests.hpp"
#include "latchfile/etcd.hpp"
#include "peer.hpp"
#include "support/bare_etcd.hpp"
#include "support/container_document.hpp"
#include "support/etcd_server.hpp"
#include "support/pair.hpp"

namespace latchfile::bench {
namespace {

constexpr int calls = 50;
constexpr int rounds = 10;

void save(benchmark::State& state) {
  auto& server = test::EtcdServer::shared();
  const auto id = test::id_of("pod1/web");
  const auto document = container_document(id);
  const auto store = test::or_throw(open_etcd(server.url("/save")));
  auto guard =
      test::or_throw(test::or_throw(store.lock_for_new(id, Wait::never())).create(document));
  BareEtcd bare(server.socket(), request::path::txn);
  const auto put =
      request::Txn()
          .then_put("/bare/c/pod1/web", envelope::seal(envelope::new_id(), document.bytes()))
          .body();
  for (auto _ : state) {
    measure_pair(state,
                 {[&] {
                    for (int i = 0; i < calls; ++i)
                      require(guard.save(document).has_value(), "save");
                  },
                  calls},
                 {[&] {
                    for (int i = 0; i < calls; ++i)
                      require(bare.post(put), "a bare put");
                  },
                  calls},
                 rounds, Time::wall, cost_at_most(1.5));
  }
  require(std::move(guard).destroy().has_value(), "destroy");
}
BENCHMARK(save)->Name("etcd_save")->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
