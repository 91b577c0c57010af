// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

Result<> destroy(LockedState state) {
#ifdef MISUSE
  std::move(state).destroy();  // misuse: nodiscard|unused
#else
  return std::move(state).destroy();
#endif
  return {};
}
