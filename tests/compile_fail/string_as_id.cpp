// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

Result<Snapshot> load(const Store& store, const ContainerId& web) {
#ifdef MISUSE
  return store.load("web");  // misuse: cannot convert|could not bind
#else
  return store.load(web);
#endif
}
