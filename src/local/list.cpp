// SPDX-License-Identifier: Apache-2.0
#include "local/list.hpp"

#include <algorithm>
#include <cstring>
#include <dirent.h>
#include <memory>

#include "local/names.hpp"

namespace latchfile {
namespace {

/// Large, so that 10,000 entries take a handful of system calls.
constexpr std::size_t buffer_bytes = std::size_t{256} << 10;

/// Calls `visit(name, inode)` for each entry. An entry that is made or removed meanwhile may be
/// visited or not; no other is missed (readdir(3p)).
template <class Visit>
Result<> for_each_name(const Directory& dir, Visit visit) {
  const auto fd = reopen_for_reading(dir);
  if (!fd) return std::unexpected(sys_error("open for listing", dir, "", fd.error()));
  const auto buffer = std::make_unique_for_overwrite<char[]>(buffer_bytes);
  for (;;) {
    const auto filled =
        retry_eintr([&] { return dir.kernel.getdents64(fd->get(), buffer.get(), buffer_bytes); });
    if (!filled) return std::unexpected(sys_error("list", dir, "", filled.error()));
    if (*filled == 0) return {};
    for (std::size_t at = 0; at < *filled;) {
      const auto* record = reinterpret_cast<const dirent64*>(buffer.get() + at);
      visit(std::string_view(record->d_name), record->d_ino);
      at += record->d_reclen;
    }
  }
}

}  // namespace

Result<std::vector<ContainerId>> list_ids(const Directory& dir) {
  std::vector<ContainerId> ids;
  auto visited = for_each_name(dir, [&](std::string_view name, ino_t) {
    if (auto id = names::parse(name, names::state_suffix)) ids.push_back(std::move(*id));
  });
  if (!visited) return std::unexpected(std::move(visited.error()));
  std::ranges::sort(ids);
  // A directory that changes while it is read may show one name twice.
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  return ids;
}

Result<std::vector<NamedEntry>> list_lock_files(const Directory& dir) {
  std::vector<NamedEntry> entries;
  auto visited = for_each_name(dir, [&](std::string_view name, ino_t inode) {
    if (auto id = names::parse(name, names::lock_suffix)) {
      entries.push_back({std::move(*id), inode});
    }
  });
  if (!visited) return std::unexpected(std::move(visited.error()));
  return entries;
}

}  // namespace latchfile
