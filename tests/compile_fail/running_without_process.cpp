// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "latchfile/oci.hpp"

using namespace latchfile;

oci::Status running(oci::Process process) {
#ifdef MISUSE
  return oci::Running{};  // misuse: no matching|could not convert|no default constructor
#else
  return oci::Running{std::move(process)};
#endif
}
