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
