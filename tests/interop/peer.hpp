// SPDX-License-Identifier: Apache-2.0
//
// Peer: a program of another project that works on the root of a test.
//
// All of them keep to one protocol, so that a test decides what happens first: a program that waits
// says so in a line and goes on when it is sent one. (Not at the end of its input: a process that
// was forked in between may have inherited the other end of that.)
#pragma once

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "latchfile/local.hpp"
#include "support/child.hpp"

namespace latchfile::test {

class Peer {
 public:
  explicit Peer(const std::vector<std::string>& arguments);
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;
  ~Peer();

  [[nodiscard]] pid_t pid() const { return child_.pid(); }
  /// Its next line, waited for; throws if it ends first or says nothing for so long.
  [[nodiscard]] std::string line(std::chrono::milliseconds limit = std::chrono::seconds(20));
  /// Lets it go on.
  void go_on() const;
  /// Waits for its end. Exit code.
  int wait() { return child_.wait(); }
  /// Both.
  int finish();

 private:
  int to_;
  int from_;
  Child child_;
};

/// `gvisor_peer COMMAND …`, beside the test or to its end.
[[nodiscard]] std::vector<std::string> gvisor(std::vector<std::string> command);
[[nodiscard]] Outcome run_gvisor(std::vector<std::string> command);

/// Whether somebody waits for the flock of this file.
[[nodiscard]] bool has_waiter(const std::string& lock_file);

/// The store as it has to be opened where gVisor works too.
[[nodiscard]] Store open_shared_with_gvisor(const std::string& root);

/// These throw where a test could not go on anyway.
template <class T>
[[nodiscard]] T or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message());
  return std::move(*result);
}
[[nodiscard]] ContainerId id_of(std::string_view text);
[[nodiscard]] Document document_of(std::string_view text);

}  // namespace latchfile::test
