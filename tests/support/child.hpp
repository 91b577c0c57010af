// SPDX-License-Identifier: Apache-2.0
//
// Other processes of a test: programs that it runs, and forks of itself.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace latchfile::test {

/// How a process ended and what it wrote.
struct Outcome {
  int exit_code = -1;  ///< 128 + signal if a signal ended it
  std::string out;
  std::string err;
};

struct RunOptions {
  std::string_view input = {};         ///< its standard input
  std::vector<std::string> env = {};   ///< NAME=VALUE, added to the environment
  std::string working_directory = {};  ///< empty: this process's own
};

/// Runs a program, found in PATH, to its end. Kills it after a minute: then exit_code is 137.
[[nodiscard]] Outcome run(const std::vector<std::string>& arguments,
                          const RunOptions& options = {});

/// Turns this process, a fork, into a program that is found in PATH; exits with 127 if that fails.
[[noreturn]] void execute(const std::vector<std::string>& arguments);

/// A process that runs beside the test. Killed and reaped with the object.
class Child {
 public:
  /// Runs `body` in a fork; its return value is the exit code. `body` must not use gtest
  /// assertions.
  explicit Child(const std::function<int()>& body);
  /// Runs a program with its three streams at /dev/null.
  explicit Child(const std::vector<std::string>& arguments);
  Child(Child&& other) noexcept : pid_(other.pid_) { other.pid_ = -1; }
  Child& operator=(Child&&) = delete;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Waits for its end. Exit code, or 128 + signal.
  int wait();

 private:
  pid_t pid_;
};

/// Waits until `condition` holds; false if it does not within `limit`.
[[nodiscard]] bool eventually(const std::function<bool()>& condition,
                              std::chrono::milliseconds limit = std::chrono::seconds(20));

/// Whether `pid` sleeps in a system call on behalf of itself, as in a wait for a lock.
[[nodiscard]] bool is_sleeping(pid_t pid);

}  // namespace latchfile::test
