// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

bool holds(const Store& store, const ContainerId& id) {
#ifdef MISUSE
  const LockedState state;  // misuse: no matching|no default|deleted
#else
  const auto state = store.lock(id, Wait::never()).has_value();
#endif
  return sizeof(state) != 0;
}
