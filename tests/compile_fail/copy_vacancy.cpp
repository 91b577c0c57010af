// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

Vacancy take(Vacancy& vacancy) {
#ifdef MISUSE
  return vacancy;  // misuse: deleted
#else
  return std::move(vacancy);
#endif
}
