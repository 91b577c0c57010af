// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

Result<> save(const Store& store, const ContainerId& id, Document document) {
#ifdef MISUSE
  return store.save(id, std::move(document));  // misuse: no member named
#else
  return store.create(id, Wait::never(), std::move(document));
#endif
}
