// SPDX-License-Identifier: Apache-2.0
//
// A server that is not etcd: it accepts connections on a port of 127.0.0.1 and does with each what
// a test says.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace latchfile::test {

class Stranger {
 public:
  class Connection {
   public:
    Connection(int socket, int stop) : socket_(socket), stop_(stop) {}
    /// False once the other side is gone, or the test is at its end.
    [[nodiscard]] bool send(std::string_view bytes) const;
    /// A whole request, with its body; nothing as send is false.
    [[nodiscard]] std::optional<std::string> receive() const;
    /// For that long; false as send.
    [[nodiscard]] bool stay(std::chrono::milliseconds time) const;
    /// Once a request has begun to come: its rest is an error for who sends it.
    void reset() const;
    /// Until it is as in send.
    void stay() const;

   private:
    int socket_;
    int stop_;
  };
  using Manners = std::function<void(const Connection&)>;

  /// The connection is closed when `manners` returns. Throws if there is no port.
  explicit Stranger(Manners manners);
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;
  ~Stranger();

  /// 127.0.0.1:PORT
  [[nodiscard]] std::string endpoint() const;

 private:
  void accept_all();

  const Manners manners_;
  int listening_;
  int stop_;
  std::thread accepting_;
};

/// A port of 127.0.0.1 at which nobody listens, taken while it lives.
class ClosedPort {
 public:
  ClosedPort();
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;
  ~ClosedPort();
  [[nodiscard]] std::string endpoint() const;

 private:
  int socket_;
};

}  // namespace latchfile::test
