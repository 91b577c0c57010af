// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/store.hpp"

using namespace latchfile;

std::string_view text(const ContainerId& web) {
#ifdef MISUSE
  const ContainerId id;  // misuse: no matching|no default|deleted
#else
  const ContainerId& id = web;
#endif
  return id.text();
}
