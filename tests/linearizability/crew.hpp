// SPDX-License-Identifier: Apache-2.0
//
// Crew: the processes of a storm, each in a lane in which another one follows it if it is killed,
// with what they share and write down.
#pragma once

#include <optional>
#include <vector>

#include "linearizability/participant.hpp"
#include "linearizability/storm.hpp"
#include "process/shared.hpp"
#include "support/child.hpp"

namespace latchfile::test {

class Crew {
 public:
  /// Works until `operations` were done or stop().
  Crew(const Store& store, const std::vector<ContainerId>& ids, long operations, unsigned seed,
       int processes, bool is_remote = false);

  void start();
  [[nodiscard]] long operations() const { return scene_->operations; }
  /// No process begins anything more.
  void stop() { scene_->operations = operations_; }

  [[nodiscard]] const Child& process(int lane) const {
    return *children_.at(static_cast<std::size_t>(lane));
  }
  /// Kills the process of a lane, and starts another one.
  void replace(int lane);
  void kill_all();

  /// Waits for the end of all processes, looks at everything once more, and judges.
  [[nodiscard]] StormReport report();

  void add_unexpected(std::string_view what) { scene_->add_unexpected(what); }

 private:
  [[nodiscard]] Visitor visitor(int lane) const;
  [[nodiscard]] Participant visit(int lane);
  void start(int lane);

  const Store& store_;
  const std::vector<ContainerId>& ids_;
  const long operations_;
  const unsigned seed_;
  const int processes_;
  const Shared<Scene> scene_;
  Journal journal_;
  std::vector<std::uint32_t> lives_;  ///< how many processes each lane has had
  std::vector<std::optional<Child>> children_;
  long kills_ = 0;
};

}  // namespace latchfile::test
