// SPDX-License-Identifier: Apache-2.0
#include "latchfile/oci.hpp"

using namespace latchfile;

Result<oci::State> created(const oci::State& state, pid_t pid) {
#ifdef MISUSE
  return state.to_created(pid);  // misuse: cannot convert|could not bind
#else
  return state.to_created(oci::Process::recorded(pid).value());
#endif
}
