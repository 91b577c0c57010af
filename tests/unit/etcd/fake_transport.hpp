// SPDX-License-Identifier: Apache-2.0
//
// An etcd that does what a test says: a transport whose answers are a function.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "etcd/gateway.hpp"
#include "etcd/site.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::test {

/// What was sent, of all attempts.
struct Sent {
  std::size_t endpoint;
  std::string path;
  std::string body;
  std::string token;
  Transport::Clock::time_point deadline;
};

using Reply = Result<Transport::Answer>;
using Replies = std::function<Reply(const Sent&)>;

[[nodiscard]] inline Reply ok(std::string body) { return Transport::Answer{200, std::move(body)}; }
[[nodiscard]] inline Reply refused(long status, int code, const std::string& message) {
  return Transport::Answer{status, R"({"error":")" + message + R"(","message":")" + message +
                                       R"(","code":)" + std::to_string(code) + "}"};
}
[[nodiscard]] inline Reply no_answer() {
  return std::unexpected(Error{Errc::unavailable, 0, "no answer"});
}

class FakeTransport final : public Transport {
 public:
  explicit FakeTransport(Replies replies) : replies_(std::move(replies)) {}

  Result<Answer> post(std::size_t endpoint, const Request& request,
                      Clock::time_point deadline) override {
    Sent sent{endpoint, std::string(request.path), std::string(request.body),
              std::string(request.token), deadline};
    const std::scoped_lock guard(mutex_);
    return replies_(sent);
  }
  Result<std::unique_ptr<Stream>> new_stream() override {
    return std::unexpected(Error{Errc::io, 0, "no streams here"});
  }

 private:
  std::mutex mutex_;
  Replies replies_;
};

inline constexpr Gateway::Timing short_timing{.attempt = std::chrono::milliseconds(20),
                                              .overall = std::chrono::milliseconds(60),
                                              .pause = std::chrono::milliseconds(1)};

[[nodiscard]] inline std::shared_ptr<Gateway> gateway_to(Replies replies, std::size_t endpoints = 2,
                                                         Login login = {},
                                                         Gateway::Timing timing = short_timing,
                                                         Kernel& kernel = real_kernel()) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < endpoints; ++i)
    names.push_back("member" + std::to_string(i));
  return std::make_shared<Gateway>(kernel, std::make_unique<FakeTransport>(std::move(replies)),
                                   std::move(names), std::move(login), timing);
}

}  // namespace latchfile::test
