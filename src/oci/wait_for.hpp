// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a container, through whatever kernel.
//
//   P1  take what the watch has to tell
//   P2  open a pidfd of the process that the document names, if it lives
//   P3  look at the process, and ask the condition
//   P4  if P1 found nothing, sleep until the watch or the pidfd is readable; then P1
//
// A change after P1 makes the watch readable, and an end after P2 the pidfd: nothing that P3 could
// not see goes by unnoticed.
#pragma once

#include "latchfile/oci.hpp"
#include "posix/kernel.hpp"

namespace latchfile::oci {

/// As the function of that name in <latchfile/oci.hpp>.
[[nodiscard]] Result<Seen> wait_for(Kernel& kernel, const Store& store, const ContainerId& id,
                                    Wait wait,
                                    const std::function<Result<bool>(const Seen&)>& condition);

}  // namespace latchfile::oci
