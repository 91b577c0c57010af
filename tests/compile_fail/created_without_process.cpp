// SPDX-License-Identifier: Apache-2.0
#include "latchfile/oci.hpp"

using namespace latchfile;

Result<oci::State> created(const oci::State& state, const oci::Process& process) {
#ifdef MISUSE
  return state.to_created();  // misuse: no matching|too few arguments
#else
  return state.to_created(process);
#endif
}
