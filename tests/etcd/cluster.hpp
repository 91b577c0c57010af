// SPDX-License-Identifier: Apache-2.0
//
// Three members of etcd on unix sockets in one directory, each of which can be killed and started
// again. Their timers are a tenth of the usual ones.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "latchfile/etcd.hpp"
#include "support/etcd_server.hpp"

namespace latchfile::test {

class EtcdCluster {
 public:
  static constexpr std::size_t size = 3;

  /// Returns once it answers; throws if it does not.
  EtcdCluster();

  [[nodiscard]] Store open(EtcdOptions options = {}) const;
  /// The number of the member that leads; nothing while there is none.
  [[nodiscard]] std::optional<std::size_t> leader() const;
  void kill(std::size_t member);
  /// With what it had on its disk.
  void start(std::size_t member);

 private:
  [[nodiscard]] std::string socket(std::size_t member) const;

  TempDir dir_;
  std::array<std::optional<Child>, size> members_;
};

}  // namespace latchfile::test
