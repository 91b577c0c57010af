// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the command have in common: a root of their own, ways to run the command on it,
// and matchers for how it ended.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {

class Cli : public testing::Test {
 protected:
  const TempDir dir;
  const std::string root = dir / "root";

  /// Runs the command on the root.
  [[nodiscard]] Outcome latchfile(const std::vector<std::string>& arguments,
                                  std::string_view input = {}) const;

  /// Runs a script of sh in which `latchfile` is the command, `$LATCHFILE_ROOT` the root and the
  /// working directory `dir`. `env` comes after these.
  [[nodiscard]] Outcome shell(const std::string& script, std::string_view input = {},
                              const std::vector<std::string>& env = {}) const;

  /// Creates a container; a test that cannot is over.
  void create(const std::string& id, std::string_view document) const;

  [[nodiscard]] std::string path_of(const std::string& name) const { return root + "/" + name; }
};

/// `latchfile lock ID -- sh`, where the shell waits until it is killed. Holds the lock from the
/// end of its construction.
class Holder {
 public:
  Holder(const TempDir& dir, const std::string& root, const std::string& id);

  [[nodiscard]] pid_t pid() const { return latchfile_.pid(); }
  [[nodiscard]] pid_t command_pid() const { return command_pid_; }
  void signal(int number) const { latchfile_.signal(number); }
  int wait() { return latchfile_.wait(); }

 private:
  Child latchfile_;
  pid_t command_pid_;
};

/// The pid that another process writes into `file`, once it is there.
[[nodiscard]] pid_t pid_in(const std::string& file);

/// Whether `pid` is gone, or a zombie that nobody has reaped yet.
[[nodiscard]] bool has_ended(pid_t pid);

/// Whether another process could take the lock file's lock; takes it for a moment.
[[nodiscard]] bool is_free(const std::string& lock_file);

using OutcomeMatcher = testing::Matcher<Outcome>;

/// How it ended and exactly what it wrote.
[[nodiscard]] OutcomeMatcher ends(int exit_code, const testing::Matcher<std::string>& out,
                                  const testing::Matcher<std::string>& err);
/// Exit code 0, exactly `out`, and no complaint.
[[nodiscard]] OutcomeMatcher prints(const testing::Matcher<std::string>& out);
[[nodiscard]] OutcomeMatcher succeeds();
/// Nothing but this one line, on standard error.
[[nodiscard]] OutcomeMatcher fails(int exit_code, const std::string& line);
/// Nothing but one line on standard error, which begins with "latchfile" and contains `part`.
[[nodiscard]] OutcomeMatcher fails_saying(int exit_code, const std::string& part);

/// One line without control characters that begins with "latchfile" and contains `part`.
[[nodiscard]] testing::Matcher<std::string> one_line(const std::string& part);

void PrintTo(const Outcome& outcome, std::ostream* out);

}  // namespace latchfile::test
