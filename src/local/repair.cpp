// SPDX-License-Identifier: Apache-2.0
#include "local/repair.hpp"

#include <algorithm>

#include "local/local_lock.hpp"

namespace latchfile {
namespace {

using Kind = Finding::Kind;
using Outcome = Result<std::string>;

constexpr const char* nothing_left = "nothing is left to do: another process did it";

bool has_repair(const Finding& finding) {
  return finding.kind == Kind::corrupt || finding.kind == Kind::leftover_temp ||
         finding.kind == Kind::orphan_lock;
}

Outcome quarantine(LocalLock& lock, const Result<Document>& document) {
  if (document || document.error().code == Errc::not_found) return nothing_left;
  if (document.error().code != Errc::corrupt) return std::unexpected(document.error());
  auto moved = lock.quarantine();
  if (!moved) return moved;
  return "moved to " + *moved;
}

Outcome removed(const Result<bool>& outcome) {
  if (!outcome) return std::unexpected(outcome.error());
  return *outcome ? "removed" : nothing_left;
}

/// `document`: what was loaded under the lock.
Outcome repaired(LocalLock& lock, const Result<Document>& document, Kind kind) {
  switch (kind) {
    case Kind::corrupt: return quarantine(lock, document);
    case Kind::leftover_temp: return removed(lock.remove_temp());
    default: return removed(lock.vacate());
  }
}

}  // namespace

void repair(const std::shared_ptr<const Directory>& dir, const LocalOptions& options, Wait wait,
            std::span<Finding> findings) {
  if (std::ranges::none_of(findings, has_repair)) return;
  const auto lock = LocalLock::acquire(dir, findings.front().id, wait, options);  // R1
  // Also where only a temp file is in question: the owner of the state is one of those whose lock
  // file is trusted.
  const auto document =
      lock ? (*lock)->load() : Result<Document>(std::unexpected(lock.error()));  // R2
  for (auto& finding : findings) {
    if (!has_repair(finding)) continue;
    finding.repair =
        lock ? repaired(**lock, document, finding.kind) : Outcome(std::unexpected(lock.error()));
  }
}

}  // namespace latchfile
