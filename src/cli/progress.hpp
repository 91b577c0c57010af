// SPDX-License-Identifier: Apache-2.0
//
// A progress bar, for a person who watches a long command.
#pragma once

#include <cstddef>
#include <string>

#include "cli/output.hpp"

namespace latchfile::cli {

/// Drawn on a terminal only, and from so many entries on that there is something to wait for. Gone
/// with the object.
class Progress {
 public:
  explicit Progress(Output& notes) : notes_(notes), watched_(notes.is_terminal()) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  void show(std::size_t done, std::size_t of);

 private:
  Output& notes_;
  bool watched_;
  std::string shown_;
};

}  // namespace latchfile::cli
