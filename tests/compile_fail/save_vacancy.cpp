// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

auto save(Vacancy vacancy, Document document) {
#ifdef MISUSE
  return vacancy.save(std::move(document));  // misuse: no member named
#else
  return std::move(vacancy).create(std::move(document));
#endif
}
