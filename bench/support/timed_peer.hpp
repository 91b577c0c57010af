// SPDX-License-Identifier: Apache-2.0
//
// gVisor's side of a benchmark, in a process of its own that takes the time itself.
#pragma once

#include <string>
#include <vector>

#include "peer.hpp"

namespace latchfile::bench {

class TimedPeer {
 public:
  /// A command of gvisor_peer that answers each line with what it found and how long it took.
  explicit TimedPeer(const std::vector<std::string>& arguments) : peer_(test::gvisor(arguments)) {}

  /// Seconds that one answer took. It has to be about `expected` containers.
  [[nodiscard]] double seconds(int expected);

 private:
  test::Peer peer_;
};

}  // namespace latchfile::bench
