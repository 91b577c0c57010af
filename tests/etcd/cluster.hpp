// SPDX-License-Identifier: Apache-2.0
//
// Three members of etcd on unix sockets in one directory, each of which can be killed and started
// again.
//
// On a network each is on a host of its own, 0 to 2, and listens there as well. What a test asks of
// a member itself goes by its socket, whether or not the host is cut off.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "etcd/network.hpp"
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

  /// Returns once it answers; throws if it does not. `network` must outlive it.
  explicit EtcdCluster(const Network* network = nullptr, Timers timers = short_timers);

  [[nodiscard]] Store open(EtcdOptions options = {}) const;
  /// For the hosts of the network, with the member `first` first: etcd://…PREFIX
  [[nodiscard]] static std::string url_on_network(const std::string& prefix, std::size_t first = 0);
  /// The number of the member that leads; nothing while there is none. Of two that take themselves
  /// for the leader, the one of a later term.
  [[nodiscard]] std::optional<std::size_t> leader() const;
  void kill(std::size_t member);
  /// SIGSTOP and SIGCONT.
  void signal(std::size_t member, int number) const { members_.at(member)->signal(number); }
  /// With what it had on its disk.
  void start(std::size_t member);
  /// Of its clients.
  [[nodiscard]] std::string socket(std::size_t member) const;

 private:
  [[nodiscard]] std::string peer_url(std::size_t member) const;

  const Network* const network_;
  const Timers timers_;
  TempDir dir_;
  std::array<std::optional<Child>, size> members_;
};

}  // namespace latchfile::test
