// SPDX-License-Identifier: Apache-2.0
//
// Whether the process of a container is still there.
//
// A pid means nothing by itself: it is given away again, another boot has others, and each pid
// namespace has its own. What is looked at, in this order:
//
//   1. the boot id, if one was noted: that of another boot is dead. In a store that machines share
//      it may be that of another machine, as may a pid without one: neither can be seen from here;
//   2. the pid namespace, if one was noted: what is in another cannot be seen;
//   3. /proc/PID/stat: absent, a zombie, or with another start time is dead.
//
// Whatever cannot be read makes the answer `unknown`, not `dead`: somebody may write it down.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>

#include "latchfile/oci.hpp"
#include "oci/summary.hpp"
#include "posix/kernel.hpp"

namespace latchfile::oci {

/// Looks at processes from where this process stands: its boot and its pid namespace, read once. A
/// child may stand elsewhere, so that an Observer is not kept beyond one operation.
class Observer {
 public:
  /// Of processes that were noted on this machine.
  explicit Observer(Kernel& kernel);
  /// Of those that the documents of `store` name.
  Observer(Kernel& kernel, const Store& store) : Observer(kernel) {
    any_machine_ = store.spans_machines();
  }

  [[nodiscard]] Liveness look(const Process& process) const;

  /// See Process::of.
  [[nodiscard]] Result<Process> identify(pid_t pid) const;

 private:
  Kernel& kernel_;
  std::string boot_id_;                         ///< empty if it cannot be read
  std::optional<std::uint64_t> pid_namespace_;  ///< nothing if it cannot be read
  bool any_machine_ = false;  ///< what is not of this boot may be of another machine
  bool proc_is_ours_;         ///< /proc is there and shows the pids of our own namespace
};

/// A descriptor to poll for the end of `process`, and of no other: it is looked at once more after
/// the opening, so that a pid that was given away in between is noticed.
///
/// Errors: not_found: it is dead; unsupported: the kernel has no pidfd_open, or the process cannot
/// be told from another; io.
[[nodiscard]] Result<UniqueFd> open_process(Kernel& kernel, const Process& process);

/// The status to show for a document of whatever form: "stopped" in place of a written one whose
/// process is dead; for forms that write none "running", "stopped" or "unknown" by the process.
[[nodiscard]] std::string status_of(const Observer& observer, const Summary& summary);

}  // namespace latchfile::oci
