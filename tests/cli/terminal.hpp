// SPDX-License-Identifier: Apache-2.0
//
// A program on a terminal, as a person has it in front of them.
#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "support/child.hpp"

namespace latchfile::test {

/// Runs a program with all three streams on a pseudoterminal that does not echo and does not turn
/// \n into \r\n. Killed and reaped with the object.
class OnTerminal {
 public:
  /// `env` is added to an environment without NO_COLOR.
  explicit OnTerminal(const std::vector<std::string>& arguments, unsigned short columns = 80,
                      const std::vector<std::string>& env = {});
  OnTerminal(const OnTerminal&) = delete;
  OnTerminal& operator=(const OnTerminal&) = delete;
  ~OnTerminal();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void type(std::string_view keys) const;
  /// Waits until the program has written `text`; false if it ends or a while passes before.
  [[nodiscard]] bool shows(std::string_view text);
  /// Waits for its end. `out` is all that was shown.
  [[nodiscard]] Outcome end();

 private:
  /// Reads what is there; false at the end of everything, or if nothing came for a while.
  bool read_more();

  pid_t pid_;
  int master_ = -1;
  std::string shown_;
};

}  // namespace latchfile::test
