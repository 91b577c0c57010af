// SPDX-License-Identifier: Apache-2.0
#include "local/holders.hpp"

#include <algorithm>
#include <fcntl.h>

#include "local/list.hpp"
#include "local/names.hpp"
#include "posix/lock_holder.hpp"

namespace latchfile {
namespace {

/// Adds those who hold the lock of `id`, each with all who wait for it.
void add_holders(Kernel& kernel, const ContainerId& id, const std::vector<FlockEntry>& flocks,
                 std::vector<LockHolder>& into) {
  std::vector<LockWaiter> waiters;
  for (const auto& entry : flocks) {
    if (entry.waiting) waiters.push_back({entry.pid, command_of(kernel, entry.pid)});
  }
  for (const auto& entry : flocks) {
    if (!entry.waiting) {
      into.push_back({id, entry.pid, command_of(kernel, entry.pid), waiters});
    }
  }
}

}  // namespace

Result<std::vector<LockHolder>> list_holders(const Directory& dir) {
  const auto flocks = read_flocks(dir.kernel);
  if (!flocks) {
    return std::unexpected(
        Error{Errc::unsupported, flocks.error().value, "list the holders of locks: /proc/locks"});
  }
  const auto files = list_lock_files(dir);
  if (!files) return std::unexpected(files.error());

  const FlockMatcher matcher(dir);
  std::vector<LockHolder> holders;
  for (const auto& file : *files) {
    const auto same_inode = std::ranges::equal_range(*flocks, file.inode, {}, &FlockEntry::inode);
    if (same_inode.empty()) continue;
    // Inodes of other file systems may have the same number.
    const auto stat = dir.kernel.fstatat(dir.fd.get(), names::lock(file.id).c_str(),
                                         AT_SYMLINK_NOFOLLOW, Times::no);
    if (!stat) continue;  // unlinked meanwhile
    std::vector<FlockEntry> on_file;
    std::ranges::copy_if(same_inode, std::back_inserter(on_file),
                         [&](const FlockEntry& entry) { return matcher.is_on(entry, *stat); });
    add_holders(dir.kernel, file.id, on_file, holders);
  }
  std::ranges::sort(holders, {}, [](const LockHolder& holder) {
    return std::pair(holder.id.text(), holder.pid);
  });
  return holders;
}

}  // namespace latchfile
