// SPDX-License-Identifier: Apache-2.0
//
// Whether the process of a container is still there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

#include "oci/summary.hpp"
#include "posix/kernel.hpp"

namespace latchfile {

/// Whether `pid` runs. A pid alone may have been given to another process since: with `start_time`,
/// field 22 of /proc/PID/stat, it is certain. A zombie does not run.
[[nodiscard]] bool process_runs(Kernel& kernel, pid_t pid, std::optional<std::uint64_t> start_time);

/// The status as written; for forms that do not write one, `running` or `stopped` by the process.
[[nodiscard]] std::string status_of(Kernel& kernel, const Summary& summary);

}  // namespace latchfile
