// SPDX-License-Identifier: Apache-2.0
//
// The checker on gVisor's own state_file.go: while nobody destroys, its lock excludes and its
// histories are linearizable; once somebody does, they are not.
#include <future>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "linearizability/checker.hpp"
#include "linearizability/tmpfs.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

struct GvisorHistory {
  History operations;
  int torn = 0;    ///< reads under the lock that found no whole document
  int failed = 0;  ///< processes that gave up
};

/// What four processes do at once, as each of them tells it.
GvisorHistory history_of(const std::string& root, const std::string& keep_or_destroy) {
  constexpr int processes = 4;
  constexpr int times = 5'000;
  std::vector<std::future<Outcome>> running;
  for (int process = 0; process < processes; ++process) {
    running.push_back(std::async(std::launch::async, [&, process] {
      return run({GVISOR_PEER, "history", root, "pod1", "web", std::to_string(1 + process * times),
                  std::to_string(times), keep_or_destroy});
    }));
  }
  GvisorHistory history;
  for (int process = 0; process < processes; ++process) {
    const auto outcome = running[static_cast<std::size_t>(process)].get();
    history.failed += outcome.exit_code == 0 ? 0 : 1;
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      Operation operation{0, 0, absent, absent, true, process};
      if (words >> operation.begin >> operation.end >> operation.before >> operation.after) {
        history.operations.push_back(operation);
      } else {
        ++history.torn;
      }
    }
  }
  return history;
}

TEST(GvisorHistory, IsLinearizableWhileNobodyDestroys) {
  const TempDir root(tmpfs());
  const auto history = history_of(root.path(), "keep");
  EXPECT_EQ(history.torn, 0);
  EXPECT_EQ(history.failed, 0);
  EXPECT_GT(history.operations.size(), 0U);
  EXPECT_EQ(find_violation(history.operations), std::nullopt);
}

TEST(GvisorHistory, IsNotOnceSomebodyDestroys) {
  const TempDir root(tmpfs());
  const auto history = history_of(root.path(), "destroy");
  EXPECT_GT(history.operations.size(), 0U);
  EXPECT_NE(find_violation(history.operations), std::nullopt);
}

}  // namespace
}  // namespace latchfile::test
