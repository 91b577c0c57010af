// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

bool holds(const Store& store, const ContainerId& id) {
#ifdef MISUSE
  const Vacancy vacancy;  // misuse: no matching|no default|deleted
#else
  const auto vacancy = store.lock_for_new(id, Wait::never()).has_value();
#endif
  return sizeof(vacancy) != 0;
}
