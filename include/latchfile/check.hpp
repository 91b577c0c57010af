// SPDX-License-Identifier: Apache-2.0
//
// check: looks at every entry of a store, says what is wrong, and mends what can be mended without
// losing anything.
//
//   for (const auto& finding : report.findings)      // report = store.check({.repair = true})
//     if (finding.is_open()) complain(finding.name, finding.detail);
//
// Without repair nothing is locked, made or written, and what is in use is told from what was left
// by /proc/locks, where holders in other pid namespaces do not show. With repair each finding is
// looked at once more under its lock, so that it is safe beside any number of processes that use
// the store. A repair that is killed, at whatever instruction, is finished by the next one.
//
//   | finding         | repair                                                                   |
//   |-----------------|--------------------------------------------------------------------------|
//   | corrupt         | moved to ID.corrupt-<UTC time>, untouched; the id is free from then on    |
//   | leftover_temp   | removed                                                                  |
//   | orphan_lock     | removed                                                                  |
//   | any other       | left as it is: what to do about it is for people to say                   |
//
// A state is never removed. Not promised: that a temp or lock file which a process makes at the
// very moment of a check without repair is not reported.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latchfile/container_id.hpp"
#include "latchfile/error.hpp"
#include "latchfile/export.hpp"
#include "latchfile/wait.hpp"

namespace latchfile {

struct CheckOptions {
  bool repair = false;
  /// For each lock that a repair takes. One that stays busy is reported, and the next one is tried.
  Wait wait = Wait::at_most(std::chrono::seconds(1));
  /// Called now and then on the calling thread, with how many entries are done of how many.
  std::function<void(std::size_t done, std::size_t of)> progress = {};
};

/// What was found out about one entry.
struct LATCHFILE_EXPORT Finding {
  enum class Kind {
    corrupt,     ///< the state is not a document
    too_large,   ///< the state is larger than Document::max_bytes
    insecure,    ///< a state or lock file that is no regular file, or is linked from elsewhere
    writable,    ///< others than its owner, or than the owner of the root, may write to the state
    busy,        ///< a writer that replaces documents in place was still at it
    unreadable,  ///< the state could not be read
    leftover_temp,  ///< a save was killed and left its temp file
    orphan_lock,    ///< a lock file without a state, which nobody holds
    quarantined,    ///< a note: what a repair moved away is waiting for somebody to look at it
  };

  std::string name;  ///< of the entry, as it is in the store
  ContainerId id;    ///< whose it is
  Kind kind;
  std::string detail;  ///< one line, with the path
  /// What was done about it, or why nothing was. None if it was not tried: no repair was asked for,
  /// or there is none for this kind.
  std::optional<Result<std::string>> repair = {};

  /// Whether something is still wrong.
  [[nodiscard]] bool is_open() const {
    return kind != Kind::quarantined && (!repair || !repair->has_value());
  }
};

/// As it is written in this header, for example "orphan_lock".
[[nodiscard]] LATCHFILE_EXPORT std::string_view to_string(Finding::Kind kind);

struct CheckReport {
  std::vector<Finding> findings;  ///< sorted by id, then by kind
  std::size_t examined = 0;       ///< entries that are ours
  std::size_t foreign = 0;        ///< names that are not ours, which were left alone
};

}  // namespace latchfile
