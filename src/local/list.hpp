// SPDX-License-Identifier: Apache-2.0
//
// The ids in a root directory, from its names alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "latchfile/container_id.hpp"
#include "posix/directory.hpp"

namespace latchfile {

/// A file in the root whose name stands for an id.
struct NamedEntry {
  ContainerId id;
  ino_t inode;  ///< what the directory says; only fstatat knows the device
};

/// The ids of all state files, sorted. Names that are not ours are left out.
[[nodiscard]] Result<std::vector<ContainerId>> list_ids(const Directory& dir);

/// Every name, in the order of the directory.
[[nodiscard]] Result<std::vector<std::string>> list_names(const Directory& dir);

/// The lock files, in the order of the directory.
[[nodiscard]] Result<std::vector<NamedEntry>> list_lock_files(const Directory& dir);

}  // namespace latchfile
