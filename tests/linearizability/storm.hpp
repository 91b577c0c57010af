// SPDX-License-Identifier: Apache-2.0
//
// A storm with its history: processes that create, lock, save, update, destroy, list and load a few
// ids as fast as they can, while they are killed and replaced, stopped and continued at random
// moments.
//
// Two judges look at it, neither of which knows how Latchfile works: a witness in shared memory
// counts guards that overlap, and the checker looks for an order of all operations that one process
// could have done.
#pragma once

#include <string>
#include <vector>

#include "latchfile/store.hpp"
#include "linearizability/history.hpp"

namespace latchfile::test {

struct StormPlan {
  long operations;  ///< ends after that many, of all processes together
  unsigned seed;    ///< of what the processes choose and when they are killed
  int processes = 8;
  long between = 300;  ///< operations from one signal to the next, on average
};

struct StormReport {
  long operations = 0;
  long kills = 0;
  long stops = 0;
  long interrupted = 0;  ///< changes whose process was killed before they returned
  long entered = 0;
  /// Guards of one id that were held at the same time.
  long overlaps = 0;
  /// Answers that no operation may give while everybody keeps the protocol, and the first of them.
  long unexpected = 0;
  std::string first_unexpected;
  /// Of a store on other machines: operations without an answer, changes of which nobody knows
  /// whether they were made, and changes refused since the lock was lost.
  long unavailable = 0;
  long unknown = 0;
  long lost = 0;
  /// For each id, how many operations its history has, and what the checker says of it.
  std::vector<std::size_t> lengths;
  std::vector<std::string> violations;
};

/// Blows over `ids`, which have no state yet in `store`, and judges what happened.
[[nodiscard]] StormReport blow(const Store& store, const std::vector<ContainerId>& ids,
                               const StormPlan& plan);

}  // namespace latchfile::test
