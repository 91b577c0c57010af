// SPDX-License-Identifier: Apache-2.0
#include "local/list.hpp"

#include <algorithm>
#include <dirent.h>
#include <memory>
#include <optional>
#include <span>

#include "base/sorted_ids.hpp"
#include "local/names.hpp"

namespace latchfile {
namespace {

constexpr std::size_t least_buffer_bytes = std::size_t{256} << 10;
constexpr std::size_t most_buffer_bytes = std::size_t{64} << 20;
/// Of a name of 255 bytes: inode, offset, length and type before it, a NUL and padding behind it.
constexpr std::size_t longest_record_bytes = 280;

/// Room for all names of a directory whose size is given: tmpfs counts 20 bytes for each entry,
/// others about what getdents64 gives. Pages that stay unused cost nothing.
std::size_t buffer_bytes_for(const struct stat& directory) {
  constexpr std::size_t longest_record_by_tmpfs_entry = longest_record_bytes / 20;
  const auto wanted = static_cast<std::size_t>(directory.st_size) * longest_record_by_tmpfs_entry;
  return std::clamp(wanted, least_buffer_bytes, most_buffer_bytes);
}

/// Calls `visit(name, inode)` for each of the records that getdents64 gives.
template <class Visit>
void for_each_entry(std::span<const char> records, Visit visit) {
  for (std::size_t at = 0; at < records.size();) {
    const auto* record = reinterpret_cast<const dirent64*>(records.data() + at);
    visit(std::string_view(record->d_name), record->d_ino);
    at += record->d_reclen;
  }
}

/// Calls `visit(records)` until all entries of the directory were there.
///
/// One getdents64 sees the directory at one moment. Between two of them an entry may move behind
/// the reader: tmpfs lists the newest first, and a rename makes an entry the newest, so that a
/// container that is saved just then would be missing. So all names are read at once, into a buffer
/// that is made to fit. Only beyond 64 MiB of names, some hundred thousand containers, are there
/// several reads.
template <class Visit>
Result<> for_each_read(const Directory& dir, Visit visit) {
  const auto failed = [&](Errno error) {
    return std::unexpected(sys_error("list", dir, "", error));
  };
  std::size_t bytes = 0;
  for (;;) {
    const auto fd = reopen_for_reading(dir);
    if (!fd) return std::unexpected(sys_error("open for listing", dir, "", fd.error()));
    if (bytes == 0) {
      const auto directory = dir.kernel.fstat(fd->get(), Times::no);
      if (!directory) return failed(directory.error());
      bytes = buffer_bytes_for(*directory);
    }
    // The room behind the names is for the kernel's word that there are no more: it says so only
    // where one more would fit.
    const auto buffer = std::make_unique_for_overwrite<char[]>(bytes + longest_record_bytes);
    const auto read_to = [&](std::size_t at, std::size_t room) {
      return retry_eintr([&] { return dir.kernel.getdents64(fd->get(), buffer.get() + at, room); });
    };
    const auto filled = read_to(0, bytes);
    if (!filled) return failed(filled.error());
    auto more = read_to(*filled, bytes + longest_record_bytes - *filled);
    if (!more) return failed(more.error());
    if (*more > 0 && bytes < most_buffer_bytes) {
      bytes = std::min(2 * bytes, most_buffer_bytes);
      continue;
    }
    visit(std::span<const char>(buffer.get(), *filled + *more));
    while (*more > 0) {
      more = read_to(0, bytes);
      if (!more) return failed(more.error());
      visit(std::span<const char>(buffer.get(), *more));
    }
    return {};
  }
}

template <class Visit>
Result<> for_each_name(const Directory& dir, Visit visit) {
  return for_each_read(dir, [&](std::span<const char> records) { for_each_entry(records, visit); });
}

}  // namespace

Result<std::vector<ContainerId>> list_ids(const Directory& dir) {
  std::optional<SortedIds> ids;
  auto visited = for_each_read(dir, [&](std::span<const char> records) {
    if (!ids) ids.emplace(records.size());
    for_each_entry(records, [&](std::string_view name, ino_t) {
      if (const auto parts = names::split(name, names::state_suffix)) {
        ids->add(parts->sandbox, parts->container);
      }
    });
  });
  if (!visited) return std::unexpected(std::move(visited.error()));
  return std::move(*ids).take();
}

Result<std::vector<std::string>> list_names(const Directory& dir) {
  std::vector<std::string> names;
  auto visited = for_each_name(dir, [&](std::string_view name, ino_t) {
    if (name != "." && name != "..") names.emplace_back(name);
  });
  if (!visited) return std::unexpected(std::move(visited.error()));
  return names;
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
