// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

bool lock(const Store& store, const ContainerId& id) {
#ifdef MISUSE
  store.lock(id, Wait::never());  // misuse: nodiscard|unused
#else
  return store.lock(id, Wait::never()).has_value();
#endif
  return false;
}
