// SPDX-License-Identifier: Apache-2.0
//
// LocalWatch: follows the documents of a root directory.
//
//   W1  watch the root and the way to it, each directory before the next name is looked up in it
//   W2  list the ids, and add those that were told before
//   W3  read what was noted: the name of a state adds its id; a name of the way, or notes that the
//       kernel had no room for, lead back to W1
//   W4  load each id that was added
//   W5  tell what differs from what was told of it before
//
// Nothing is missed: what changes before W4 is in what W4 loads, and what changes after it was not
// yet noted when W3 last read, since W1 came first. What W3 finds is a reason to look and no more,
// so that it may come twice, late, or for nothing.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "local/local_backend.hpp"
#include "local/root_notes.hpp"
#include "store/told.hpp"

namespace latchfile {

class LocalWatch final : public WatchSource {
 public:
  /// Has done W1 and W2 when it returns. `only` as in Backend::watch.
  [[nodiscard]] static Result<std::unique_ptr<WatchSource>> open(
      Kernel& kernel, const std::string& root, LocalOptions options,
      const std::optional<std::vector<ContainerId>>& only);

  Result<std::vector<Event>> next(Wait wait) override;
  int descriptor() const override { return notes_.descriptor(); }

 private:
  using Ids = std::set<ContainerId>;

  LocalWatch(Kernel& kernel, const std::string& root, LocalOptions options, RootNotes notes,
             std::optional<Ids> only);

  [[nodiscard]] Result<> begin_anew();
  [[nodiscard]] std::vector<Event> look();
  [[nodiscard]] Result<bool> read_notes();
  [[nodiscard]] Result<bool> wait_for_notes(Kernel::Clock::time_point deadline);

  Kernel& kernel_;
  const LocalBackend store_;
  RootNotes notes_;
  const std::optional<Ids> only_;
  bool stale_ = true;    ///< W1 and W2 are to be done
  bool listed_ = false;  ///< Event::Kind::listed has been told
  Ids pending_;          ///< to be loaded
  Ids again_;            ///< loaded, with an error that may pass without a note
  Told told_;
};

}  // namespace latchfile
