// SPDX-License-Identifier: Apache-2.0
//
// RootNotes: what inotify notes of a root directory, and of the way to it.
//
// A root may come, go and be replaced at any time, and so may every directory above it and every
// link that leads to it. So the whole way is watched, each directory before the next name is looked
// up in it: whatever changes after that look is noted.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "local/root.hpp"

namespace latchfile {

class RootNotes {
 public:
  /// Errors: unavailable, unsupported, io.
  [[nodiscard]] static Result<RootNotes> open(Kernel& kernel);

  /// W1. Watches the root and the way to it, as they are now, and nothing else any more. What is
  /// noted from here on is not missed. Errors: insecure, unavailable, io.
  [[nodiscard]] Result<> watch(const Root& root);

  struct Notes {
    bool any = false;                ///< something was read, if only what does not matter
    bool all = false;                ///< the root may be another, or notes were lost: look anew
    std::vector<std::string> names;  ///< in the root, whose files may have changed
  };
  /// What there is now, as far as one read brings it; does not wait. Errors: io.
  [[nodiscard]] Result<Notes> read();

  /// Readable once there are notes.
  [[nodiscard]] int descriptor() const { return inotify_.get(); }

 private:
  RootNotes(Kernel& kernel, UniqueFd inotify) : kernel_(&kernel), inotify_(std::move(inotify)) {}

  /// A directory that is watched, and why.
  struct Watched {
    std::vector<std::string> names;  ///< that lead on to the root
    bool is_root = false;
  };
  using WatchedByDescriptor = std::map<int, Watched>;

  [[nodiscard]] Result<> watch_all(const Root& root, WatchedByDescriptor& now);
  void take(std::uint32_t mask, int watch, std::string_view name, Notes& into) const;

  Kernel* kernel_;
  UniqueFd inotify_;
  WatchedByDescriptor watched_;
};

}  // namespace latchfile
