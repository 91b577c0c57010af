// SPDX-License-Identifier: Apache-2.0
//
// Who holds a lock, as the value of its key says, and which locks this thread holds.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "etcd/lease.hpp"

namespace latchfile::owner {

/// The value of a lock key: this process, and `nonce`, by which this acquisition is known.
[[nodiscard]] std::string describe(Kernel& kernel, std::string_view nonce);

/// "held by pid 42 (runsc boot) on host-a", of the value of a lock key.
[[nodiscard]] std::string holder_of(std::string value);

/// The nonce in the value of a lock key; empty if there is none.
[[nodiscard]] std::string nonce_of(std::string value);

/// This machine, as it calls itself.
[[nodiscard]] std::string host_name(Kernel& kernel);

// A thread that waits for a lock of its own would wait for ever, through whatever handle; not if
// that lock is lost, which etcd gives up as well before long.
void note_taken(Kernel& kernel, const std::string& nonce, std::shared_ptr<Lease> lease);
void note_released(Kernel& kernel, const std::string& nonce);
[[nodiscard]] bool is_held_by_this_thread(Kernel& kernel, const std::string& nonce);

}  // namespace latchfile::owner
