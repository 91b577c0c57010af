// SPDX-License-Identifier: Apache-2.0
//
// Who follows a root: through Store::watch, or by a bare inotify and a read of the file that it
// tells of. Each is opened before what it has to see happens, and then runs in a thread of its own.
#pragma once

#include <functional>
#include <string>

#include "latchfile/store.hpp"

namespace latchfile::bench {

/// Calls `told` for each document that replaces another, until a container is deleted.
using Follower = std::function<void(const std::function<void()>& told)>;

/// One that has been told all that is there.
[[nodiscard]] Follower open_watch(const Store& store);
/// For documents that are replaced one at a time, each once the last was told.
[[nodiscard]] Follower open_bare_watch(const std::string& root);

}  // namespace latchfile::bench
