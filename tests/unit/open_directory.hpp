// SPDX-License-Identifier: Apache-2.0
//
// A directory of a test as the lower layers take it.
#pragma once

#include <fcntl.h>
#include <filesystem>

#include "posix/directory.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::test {

[[nodiscard]] inline Directory open_directory(const std::filesystem::path& path,
                                              Kernel& kernel = real_kernel()) {
  const auto mode = static_cast<mode_t>(std::filesystem::status(path).permissions());
  return {kernel, kernel.openat(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY, 0).value(),
          path.string(), strangers_may_write(mode)};
}

}  // namespace latchfile::test
