// SPDX-License-Identifier: Apache-2.0
#include "local/list.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <dirent.h>
#include <endian.h>
#include <memory>

#include "local/names.hpp"

namespace latchfile {
namespace {

constexpr std::size_t least_buffer_bytes = std::size_t{256} << 10;
constexpr std::size_t most_buffer_bytes = std::size_t{64} << 20;

/// Room for all names of a directory whose size is given: tmpfs counts 20 bytes for each entry,
/// others about what getdents64 gives. Pages that stay unused cost nothing.
std::size_t buffer_bytes_for(const struct stat& directory) {
  constexpr std::size_t longest_record_by_tmpfs_entry = 280 / 20;
  const auto wanted = static_cast<std::size_t>(directory.st_size) * longest_record_by_tmpfs_entry;
  return std::clamp(wanted, least_buffer_bytes, most_buffer_bytes);
}

template <class Visit>
void visit_records(const char* records, std::size_t bytes, Visit& visit) {
  for (std::size_t at = 0; at < bytes;) {
    const auto* record = reinterpret_cast<const dirent64*>(records + at);
    visit(std::string_view(record->d_name), record->d_ino);
    at += record->d_reclen;
  }
}

/// Calls `visit(name, inode)` for each entry.
///
/// One getdents64 sees the directory at one moment. Between two of them an entry may move behind
/// the reader: tmpfs lists the newest first, and a rename makes an entry the newest, so that a
/// container that is saved just then would be missing. So all names are read at once, into a buffer
/// that is made to fit. Only beyond 64 MiB of names, some hundred thousand containers, are there
/// several reads.
template <class Visit>
Result<> for_each_name(const Directory& dir, Visit visit) {
  const auto failed = [&](Errno error) {
    return std::unexpected(sys_error("list", dir, "", error));
  };
  std::size_t bytes = 0;
  for (;;) {
    const auto fd = reopen_for_reading(dir);
    if (!fd) return std::unexpected(sys_error("open for listing", dir, "", fd.error()));
    if (bytes == 0) {
      const auto directory = dir.kernel.fstat(fd->get());
      if (!directory) return failed(directory.error());
      bytes = buffer_bytes_for(*directory);
    }
    const auto buffer = std::make_unique_for_overwrite<char[]>(bytes);
    const auto rest = std::make_unique_for_overwrite<char[]>(least_buffer_bytes);
    auto filled =
        retry_eintr([&] { return dir.kernel.getdents64(fd->get(), buffer.get(), bytes); });
    if (!filled) return failed(filled.error());
    const auto read_rest = [&] {
      return retry_eintr(
          [&] { return dir.kernel.getdents64(fd->get(), rest.get(), least_buffer_bytes); });
    };
    auto more = *filled == 0 ? filled : read_rest();
    if (more && *more > 0 && bytes < most_buffer_bytes) {
      bytes = std::min(2 * bytes, most_buffer_bytes);
      continue;
    }
    visit_records(buffer.get(), *filled, visit);
    for (; more && *more > 0; more = read_rest())
      visit_records(rest.get(), *more, visit);
    if (!more) return failed(more.error());
    return {};
  }
}

/// Texts that are sorted cheaply: most comparisons are of one number. Of file names, which even 10
/// million in a directory keep below the 4 GiB that 32 bits count.
class SortedTexts {
 public:
  /// Adds what `append` appends to the string it is given, if it says so.
  template <class Append>
  void add(Append append) {
    const auto at = static_cast<std::uint32_t>(arena_.size());
    if (!append(arena_)) return;
    texts_.push_back({0, at, static_cast<std::uint32_t>(arena_.size() - at)});
  }

  /// Calls `visit(text)` in order, once for each text.
  template <class Visit>
  void for_each(Visit visit) {
    sort();
    std::string_view last;
    for (const auto& text : texts_) {
      const auto now = view(text);
      // A directory that changes while it is read may show one name twice.
      if (&text == &texts_.front() || now != last) visit(now);
      last = now;
    }
  }

  [[nodiscard]] std::size_t size() const { return texts_.size(); }

 private:
  struct Text {
    std::uint64_t key;  ///< the 8 bytes after what all texts begin with, as a big-endian number
    std::uint32_t at;
    std::uint32_t length;
  };

  [[nodiscard]] std::string_view view(const Text& text) const {
    return std::string_view(arena_).substr(text.at, text.length);
  }

  [[nodiscard]] std::size_t common_prefix() const {
    auto prefix = view(texts_.front());
    for (const auto& text : texts_) {
      if (view(text).starts_with(prefix)) continue;
      const auto [end, other] = std::ranges::mismatch(prefix, view(text));
      prefix = prefix.substr(0, static_cast<std::size_t>(end - prefix.begin()));
    }
    return prefix.size();
  }

  void sort() {
    if (texts_.empty()) return;
    const auto prefix = common_prefix();
    for (auto& text : texts_) {
      const auto rest = view(text).substr(prefix, sizeof text.key);
      // No text holds a NUL, so that padding with them keeps the order of shorter before longer.
      std::memcpy(&text.key, rest.data(), rest.size());
      text.key = htobe64(text.key);
    }
    std::ranges::sort(texts_, [this](const Text& a, const Text& b) {
      return a.key != b.key ? a.key < b.key : view(a) < view(b);
    });
  }

  std::string arena_;
  std::vector<Text> texts_;
};

}  // namespace

Result<std::vector<ContainerId>> list_ids(const Directory& dir) {
  SortedTexts texts;
  auto visited = for_each_name(dir, [&](std::string_view name, ino_t) {
    texts.add([&](std::string& to) { return names::append_text(name, names::state_suffix, to); });
  });
  if (!visited) return std::unexpected(std::move(visited.error()));
  std::vector<ContainerId> ids;
  ids.reserve(texts.size());
  texts.for_each([&](std::string_view text) {
    if (auto id = ContainerId::parse(text)) ids.push_back(std::move(*id));
  });
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
