// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

LockedState take(LockedState& state) {
#ifdef MISUSE
  return state;  // misuse: deleted
#else
  return std::move(state);
#endif
}
