// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

void change(LockedState& state, Document document) {
#ifdef MISUSE
  state.current().document = std::move(document);  // misuse: discards|no viable
#else
  static_cast<void>(state.save(std::move(document)));
#endif
}
