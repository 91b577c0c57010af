// SPDX-License-Identifier: Apache-2.0
//
// The storm of tests/linearizability over three members of etcd, one fault after the other: members
// and writers are killed, stopped and continued, a quorum is lost and comes back, writers are
// frozen for longer than their locks last.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "etcd/cluster.hpp"
#include "linearizability/storm.hpp"

namespace latchfile::test {

struct EtcdStormPlan {
  long operations;  ///< ends after that many, and that many faults
  int faults;
  unsigned seed;  ///< of what the processes choose and of the faults
  int writers = 6;
  std::chrono::milliseconds fault = std::chrono::seconds(1);              ///< how long each lasts
  std::chrono::milliseconds long_stop = std::chrono::milliseconds(2500);  ///< of a member
  std::chrono::milliseconds freeze = std::chrono::milliseconds(2500);     ///< of a writer
};

struct EtcdStormReport {
  StormReport storm;
  std::map<std::string, int> faults;  ///< how many of each kind
};

/// Blows over `ids`, which have no state yet in `store`, a store in `cluster`.
[[nodiscard]] EtcdStormReport blow(EtcdCluster& cluster, const Store& store,
                                   const std::vector<ContainerId>& ids, const EtcdStormPlan& plan);

}  // namespace latchfile::test
