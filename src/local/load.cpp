// SPDX-License-Identifier: Apache-2.0
#include "local/load.hpp"

#include <optional>

#include "local/names.hpp"
#include "posix/lock_file.hpp"
#include "posix/read_file.hpp"

namespace latchfile {
namespace {

/// The document in a file, or nothing if what is there may be half of one.
Result<std::optional<LoadedDocument>> read_whole(const Directory& dir, const std::string& name,
                                                 std::string& why_not) {
  auto content = read_file(dir, name, Document::max_bytes);
  if (!content) return std::unexpected(std::move(content.error()));
  if (!content->settled) {
    why_not = "it changes while it is read";
    return std::optional<LoadedDocument>();
  }
  auto document = Document::parse(std::move(content->bytes));
  if (document) return LoadedDocument{std::move(*document), content->file};
  why_not = std::move(document.error().context);
  return std::optional<LoadedDocument>();
}

Error corrupt(const Directory& dir, const std::string& name, const std::string& why) {
  return {Errc::corrupt, 0, dir.path_of(name) + " is corrupt: " + why};
}

}  // namespace

Result<LoadedDocument> load_document_locked(const Directory& dir, const ContainerId& id) {
  const auto name = names::state(id);
  std::string why_not;
  auto document = read_whole(dir, name, why_not);
  if (!document) return std::unexpected(std::move(document.error()));
  if (!*document) return std::unexpected(corrupt(dir, name, why_not));
  return std::move(**document);
}

Result<Document> load_document(const Directory& dir, const ContainerId& id, Wait settle) {
  const auto name = names::state(id);
  std::string why_not;
  auto document = read_whole(dir, name, why_not);
  if (!document) return std::unexpected(std::move(document.error()));
  if (*document) return std::move((*document)->document);

  const auto lock = LockFile::acquire(dir, names::lock(id), LockFile::Mode::shared, settle);
  if (!lock) {
    // A thread that holds the lock itself reads under it already, and whoever may not open the lock
    // file cannot wait for it; both can still look again.
    const auto code = lock.error().code;
    if (code == Errc::locked || code == Errc::timed_out) {
      auto busy = lock.error();
      busy.context = dir.path_of(name) + " is being rewritten (" + why_not + "): " + busy.context;
      return std::unexpected(std::move(busy));
    }
  }
  auto settled = load_document_locked(dir, id);
  if (!settled) return std::unexpected(std::move(settled.error()));
  return std::move(settled->document);
}

}  // namespace latchfile
