// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

Result<> save(LockedState& state, Document document) {
#ifdef MISUSE
  return state.save(std::string("{}"));  // misuse: cannot convert|no viable
#else
  return state.save(std::move(document));
#endif
}
