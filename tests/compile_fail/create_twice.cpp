// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

Result<LockedState> create(Vacancy& vacancy, Document document) {
#ifdef MISUSE
  return vacancy.create(std::move(document));  // misuse: discards qualifiers|lvalue
#else
  return std::move(vacancy).create(std::move(document));
#endif
}
