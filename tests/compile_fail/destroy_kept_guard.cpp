// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

Result<> destroy(LockedState& state) {
#ifdef MISUSE
  return state.destroy();  // misuse: discards qualifiers|lvalue
#else
  return std::move(state).destroy();
#endif
}
