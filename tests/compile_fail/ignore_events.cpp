// SPDX-License-Identifier: Apache-2.0
#include "latchfile/watch.hpp"

using namespace latchfile;

bool follow(Watch& watch) {
#ifdef MISUSE
  watch.next(Wait::never());  // misuse: nodiscard|unused
#else
  return watch.next(Wait::never()).has_value();
#endif
  return true;
}
