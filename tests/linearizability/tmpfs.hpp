// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace latchfile::test {

/// Where no disk slows a storm down, if there is such a place.
[[nodiscard]] inline std::filesystem::path tmpfs() {
  return std::filesystem::is_directory("/dev/shm") ? "/dev/shm"
                                                   : std::filesystem::temp_directory_path();
}

}  // namespace latchfile::test
