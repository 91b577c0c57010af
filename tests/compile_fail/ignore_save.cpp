// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

Result<> save(LockedState state, Document document) {
#ifdef MISUSE
  state.save(std::move(document));  // misuse: nodiscard|unused
#else
  return state.save(std::move(document));
#endif
  return {};
}
