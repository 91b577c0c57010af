// SPDX-License-Identifier: Apache-2.0
//
// What the hooks of the OCI runtime specification tell of a container, and the record that is kept
// of it from its first hook to its last.
//
// A runtime writes its own idea of the state to the hook's standard input. As found in runc 1.1,
// crun, runsc and youki, status and pid depend on the runtime as much as on the container:
//
// clang-format off
// | stage                   | status            | pid                        | the record          |
// |-------------------------|-------------------|----------------------------|---------------------|
// | prestart, createRuntime | creating, created | of the process, or absent  | as the runtime says |
// | poststart               | created, running  | of the process             | running             |
// | poststop                | stopped           | absent, 0, -1 or as it was | removed, or stopped |
// clang-format on
//
// So the stage decides what the record becomes. It goes on in life and never back: a hook that is
// run twice, or late, changes nothing. A record of another process is replaced if that process is
// dead, and kept if it lives or cannot be seen from here.
//
// Which process it is, is found out at the first hook that names it and kept from then on: later
// its pid may be that of another.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "latchfile/container_id.hpp"
#include "latchfile/oci.hpp"
#include "latchfile/store.hpp"
#include "posix/kernel.hpp"

namespace latchfile::oci {

enum class HookStage { prestart, create_runtime, poststart, poststop };

/// Errors: invalid_argument: no stage, or one that is run inside the container, where neither the
/// root nor the pid means what it means outside.
[[nodiscard]] Result<HookStage> parse_hook_stage(std::string_view name);

/// What a runtime says at a hook.
struct HookInput {
  HookStage stage;
  ContainerId id;
  State said;
};

/// Errors: invalid_argument: not a state, or the id is not one of ours, which has no slash.
[[nodiscard]] Result<HookInput> parse_hook_input(HookStage stage, const Document& document);

enum class AtPoststop { remove, keep_stopped };

/// Brings the record of the container in line with what the runtime says, under its lock, for which
/// it waits until `deadline`, at poststop also for the end of the recorded process. To find what
/// there should be done already is success.
///
/// Errors: already_exists: the record is of another process, which may live, and was kept;
/// invalid_argument: the record is no OCI state, and was kept; else those of Store::lock,
/// Store::lock_for_new, Vacancy::create, LockedState::save and LockedState::destroy.
[[nodiscard]] Result<> keep_record(Kernel& kernel, const Store& store, const HookInput& input,
                                   AtPoststop at_poststop, Kernel::Clock::time_point deadline);

}  // namespace latchfile::oci
