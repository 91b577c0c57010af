// SPDX-License-Identifier: Apache-2.0
#include "latchfile/oci.hpp"

#include "oci/liveness.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::oci {

Result<Process> Process::recorded(pid_t pid, std::optional<std::uint64_t> start_time,
                                  std::string boot_id, std::optional<std::uint64_t> pid_namespace) {
  if (pid <= 0) {
    return std::unexpected(
        Error{Errc::invalid_argument, 0, std::to_string(pid) + " is not a pid: it is positive"});
  }
  Process process(pid);
  process.start_time_ = start_time;
  process.boot_id_ = std::move(boot_id);
  process.pid_namespace_ = pid_namespace;
  return process;
}

Result<Process> Process::of(pid_t pid) { return Observer(real_kernel()).identify(pid); }

Liveness Process::liveness() const { return Observer(real_kernel()).look(*this); }

}  // namespace latchfile::oci
