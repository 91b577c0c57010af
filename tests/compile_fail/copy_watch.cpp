// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/watch.hpp"

using namespace latchfile;

Watch take(Watch& watch) {
#ifdef MISUSE
  return watch;  // misuse: deleted
#else
  return std::move(watch);
#endif
}
