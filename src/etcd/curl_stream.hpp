// SPDX-License-Identifier: Apache-2.0
//
// CurlStream: an answer that is read line by line, without a thread.
//
// libcurl says which sockets it waits for and for how long. Both are put into one epoll descriptor,
// which anybody can poll: it stays the same while connections come and go. So is how long the rest
// of a line may take.
#pragma once

#include <memory>
#include <vector>

#include "etcd/curl.hpp"
#include "posix/kernel.hpp"

namespace latchfile {

class CurlStream final : public Transport::Stream {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Transport::Stream>> make(
      Kernel& kernel, std::vector<Endpoint> endpoints, Tls tls);

  CurlStream(Kernel& kernel, std::vector<Endpoint> endpoints, Tls tls, UniqueFd epoll,
             UniqueFd timer, UniqueFd line_timer);
  ~CurlStream() override;

  void start(std::size_t endpoint, const Transport::Request& request) override;
  void stop() override;
  Result<std::optional<std::string>> next_line(Transport::Clock::time_point deadline) override;
  long status() const override { return exchange_ ? exchange_->status() : 0; }
  int descriptor() const override { return epoll_.get(); }

 private:
  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);

  /// Lets libcurl do what it can without waiting; false if there was nothing.
  [[nodiscard]] bool drive();
  void note_end();
  /// Sets the timer for the end of a line that has begun; false if that is to be given up.
  [[nodiscard]] bool await_rest_of_line();

  Kernel& kernel_;
  const std::vector<Endpoint> endpoints_;
  const Tls tls_;
  const pid_t owner_;
  UniqueFd epoll_;
  UniqueFd timer_;       ///< libcurl's
  UniqueFd line_timer_;  ///< when a line that has begun is given up
  CURLM* multi_;
  curl::Easy easy_;
  std::unique_ptr<curl::Exchange> exchange_;
  std::size_t searched_ = 0;  ///< so much of what was received has no end of a line
  std::optional<Pace> half_line_;
  std::size_t half_line_bytes_ = 0;  ///< of it, when last looked at
  Transport::Clock::time_point looked_{};
  std::chrono::milliseconds silence_{0};
  std::optional<Error> end_;
};

}  // namespace latchfile
