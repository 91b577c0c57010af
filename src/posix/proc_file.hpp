// SPDX-License-Identifier: Apache-2.0
//
// Reading files of /proc, whose size stat does not tell.
#pragma once

#include <cstddef>
#include <string>

#include "posix/kernel.hpp"

namespace latchfile {

/// All of the file, or its first `max_bytes` or a little more. Errors: why it could not be opened
/// or read; of a process that ends meanwhile that is ESRCH.
[[nodiscard]] Sys<std::string> read_proc(Kernel& kernel, const std::string& path,
                                         std::size_t max_bytes);

}  // namespace latchfile
