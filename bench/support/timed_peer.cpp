// SPDX-License-Identifier: Apache-2.0
#include "support/timed_peer.hpp"

#include <sstream>

#include "support/container_document.hpp"

namespace latchfile::bench {

double TimedPeer::seconds(int expected) {
  peer_.go_on();
  std::istringstream answer(peer_.line(std::chrono::minutes(5)));
  int found = 0;
  double nanoseconds = 0;
  answer >> found >> nanoseconds;
  require(found == expected, "gVisor finds all containers");
  return nanoseconds / 1e9;
}

}  // namespace latchfile::bench
