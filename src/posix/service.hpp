// SPDX-License-Identifier: Apache-2.0
//
// What a program needs that works until it is told to end: to be told, and to tell the manager of
// services, such as systemd, how it is. Beside the Kernel seam, because no step of a protocol
// depends on it.
#pragma once

#include <string_view>

#include "posix/kernel.hpp"

namespace latchfile {

/// From now on TERM, INT and HUP do not end us: the descriptor becomes readable. For callers with
/// one thread; those that it starts later have these signals blocked as well.
[[nodiscard]] Sys<UniqueFd> await_end_signals(Kernel& kernel);

/// Sends `state`, such as "READY=1", to the socket that $NOTIFY_SOCKET names, as sd_notify(3) has
/// it; does nothing if there is none. EAFNOSUPPORT if it is neither a path nor an abstract name.
[[nodiscard]] Sys<> notify_manager(Kernel& kernel, std::string_view state);

}  // namespace latchfile
