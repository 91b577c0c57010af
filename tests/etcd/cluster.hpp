// SPDX-License-Identifier: Apache-2.0
//
// Three members of etcd on unix sockets in one directory, each of which can be killed and started
// again.
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

  /// Of elections, in milliseconds.
  struct Timers {
    int heartbeat;
    int election;
  };
  static constexpr Timers short_timers{.heartbeat = 20, .election = 200};
  /// Those of etcd unless it is told otherwise.
  static constexpr Timers usual_timers{.heartbeat = 100, .election = 1000};

  /// Returns once it answers; throws if it does not.
  explicit EtcdCluster(Timers timers = short_timers);

  [[nodiscard]] Store open(EtcdOptions options = {}) const;
  /// The number of the member that leads; nothing while there is none.
  [[nodiscard]] std::optional<std::size_t> leader() const;
  void kill(std::size_t member);
  /// With what it had on its disk.
  void start(std::size_t member);
  /// Of its clients.
  [[nodiscard]] std::string socket(std::size_t member) const;

 private:
  const Timers timers_;
  TempDir dir_;
  std::array<std::optional<Child>, size> members_;
};

}  // namespace latchfile::test
