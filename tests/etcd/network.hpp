// SPDX-License-Identifier: Apache-2.0
//
// Hosts that can be cut off: network namespaces, each with a link to the two bridges of a switch,
// which is a namespace too. No process runs there but those that a test starts.
//
// Namespaces have no names here and live as long as the descriptors of this object, so that nothing
// is left however a test ends, and any number of tests may use the same addresses at once.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "posix/unique_fd.hpp"

namespace latchfile::test {

class Network {
 public:
  enum class Net { clients, peers };

  /// Why no network can be made here; empty if it can. Throws if root may and it fails all the
  /// same.
  [[nodiscard]] static std::string why_not();

  /// Throws if it cannot be made.
  explicit Network(std::size_t hosts);

  [[nodiscard]] static std::string address(std::size_t host, Net net = Net::clients);

  /// What to put before a program and its arguments so that it runs on `host`.
  [[nodiscard]] std::vector<std::string> on(std::size_t host) const;
  /// Puts this thread, and what it starts from now on, on `host`: for a fork.
  void enter(std::size_t host) const;

  /// Takes the link down, and up again.
  void cut(std::size_t host, Net net = Net::clients) const;
  void mend(std::size_t host, Net net = Net::clients) const;

 private:
  class Namespace {
   public:
    Namespace();
    [[nodiscard]] int descriptor() const { return descriptor_.get(); }
    [[nodiscard]] std::string path() const;
    [[nodiscard]] std::vector<std::string> entry() const { return {"nsenter", "--net=" + path()}; }
    /// Commands of ip(8), one a line.
    void ip(const std::string& commands) const;

   private:
    UniqueFd descriptor_;
  };

  Namespace switch_;
  std::vector<Namespace> hosts_;
};

}  // namespace latchfile::test
