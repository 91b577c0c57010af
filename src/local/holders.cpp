// SPDX-License-Identifier: Apache-2.0
#include "local/holders.hpp"

#include <algorithm>
#include <fcntl.h>

#include "local/list.hpp"
#include "local/names.hpp"
#include "posix/lock_holder.hpp"

namespace latchfile {

Result<std::vector<LockHolder>> list_holders(const Directory& dir) {
  auto flocks = read_flocks(dir.kernel);
  if (!flocks) {
    return std::unexpected(
        Error{Errc::unsupported, flocks.error().value, "list the holders of locks: /proc/locks"});
  }
  std::erase_if(*flocks, [](const FlockEntry& entry) { return entry.waiting; });
  const auto files = list_lock_files(dir);
  if (!files) return std::unexpected(files.error());

  std::vector<LockHolder> holders;
  std::ranges::sort(*flocks, {}, &FlockEntry::inode);
  for (const auto& file : *files) {
    const auto same_inode = std::ranges::equal_range(*flocks, file.inode, {}, &FlockEntry::inode);
    if (same_inode.empty()) continue;
    // Inodes of other file systems may have the same number.
    const auto stat =
        dir.kernel.fstatat(dir.fd.get(), names::lock(file.id).c_str(), AT_SYMLINK_NOFOLLOW);
    if (!stat) continue;  // unlinked meanwhile
    for (const auto& entry : same_inode) {
      if (entry.device != stat->st_dev) continue;
      holders.push_back({file.id, entry.pid, command_of(dir.kernel, entry.pid)});
    }
  }
  std::ranges::sort(holders, {}, [](const LockHolder& holder) {
    return std::pair(holder.id.text(), holder.pid);
  });
  return holders;
}

}  // namespace latchfile
