// SPDX-License-Identifier: Apache-2.0
//
// Store::list of many containers in etcd, sorted, beside the bare requests that get their keys, as
// many to a page. By the clock: most of it is etcd.
#include <algorithm>

#include "etcd/requests.hpp"
#include "support/bare_etcd.hpp"
#include "support/container_document.hpp"
#include "support/etcd_crowd.hpp"
#include "support/pair.hpp"

namespace latchfile::bench {
namespace {

/// Names that a batch reads at least, so that it takes some milliseconds.
constexpr int names_in_a_batch = 2'000;

void list(benchmark::State& state, int containers) {
  const auto& crowd = crowd_of(containers);
  const auto pages = crowd.pages();
  BareEtcd bare(crowd.server().socket(), request::path::range);
  const int calls = std::max(1, names_in_a_batch / containers);
  const int rounds = containers > 10'000 ? 2 : 10;  // then a batch takes a second
  for (auto _ : state) {
    measure_pair(state,
                 {[&] {
                    for (int i = 0; i < calls; ++i)
                      crowd.list();
                  },
                  calls},
                 {[&] {
                    for (int i = 0; i < calls; ++i) {
                      for (const auto& page : pages)
                        require(bare.post(page), "a bare page");
                    }
                  },
                  calls},
                 rounds, Time::wall, cost_at_most(1.3));
  }
}
BENCHMARK_CAPTURE(list, hundred, 100)->Name("etcd_list_100")->Apply(as_pair);
BENCHMARK_CAPTURE(list, ten_thousand, 10'000)->Name("etcd_list")->Apply(as_pair);
BENCHMARK_CAPTURE(list, hundred_thousand, 100'000)->Name("etcd_list_100000")->Apply(as_pair);

}  // namespace
}  // namespace latchfile::bench
