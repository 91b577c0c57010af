// SPDX-License-Identifier: Apache-2.0
//
// The way to a path: every name that the kernel looks up to find it, those that symbolic links on
// the way name included.
#pragma once

#include <functional>
#include <string>

#include "latchfile/error.hpp"
#include "posix/kernel.hpp"

namespace latchfile {

/// Told of a name before it is looked up in `directory`, whose path has no links in it.
using VisitName = std::function<Result<>(const std::string& directory, const std::string& name)>;

/// Goes the way to `path`, which is absolute, as far as there is something. Errors: io, and those
/// of `visit`, which end it.
[[nodiscard]] Result<> go_way(Kernel& kernel, const std::string& path, const VisitName& visit);

}  // namespace latchfile
