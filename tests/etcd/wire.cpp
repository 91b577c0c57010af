// SPDX-License-Identifier: Apache-2.0
#include "etcd/wire.hpp"

#include <algorithm>
#include <utility>

#include "etcd/curl_transport.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::test {
namespace {

class OverWire final : public Transport {
 public:
  explicit OverWire(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

  Result<Answer> post(std::size_t, const Request& request, Clock::time_point deadline) override {
    return wire_->post(request, deadline);
  }
  Result<std::unique_ptr<Stream>> new_stream() override { return wire_->new_stream(); }

 private:
  const std::shared_ptr<Wire> wire_;
};

Transport::Answer refusal(const std::string& message, int code) {
  return {code == 8 ? 429 : 400,
          R"({"error":"etcdserver: )" + message + R"(","code":)" + std::to_string(code) + "}"};
}

}  // namespace

Wire::Wire(const EtcdServer& server)
    : direct_(std::make_unique<CurlTransport>(
          real_kernel(), std::vector{Endpoint{"localhost", server.socket()}}, Tls{})),
      decide_([](const Delivered&) { return Fate::pass; }) {}

void Wire::decide(std::function<Fate(const Delivered&)> decide) {
  const std::scoped_lock guard(mutex_);
  decide_ = std::move(decide);
}

void Wire::once(Fate fate, bool (Delivered::*kind)() const) {
  decide([fate, kind, done = false](const Delivered& request) mutable {
    if (done || !(request.*kind)()) return Fate::pass;
    done = true;
    return fate;
  });
}

void Wire::after_next(std::string_view path, std::function<void()> act) {
  const std::scoped_lock guard(mutex_);
  path_ = path;
  afterwards_ = std::move(act);
}

std::vector<Delivered> Wire::delivered(bool (Delivered::*kind)() const) const {
  const std::scoped_lock guard(mutex_);
  std::vector<Delivered> found;
  std::ranges::copy_if(delivered_, std::back_inserter(found),
                       [&](const Delivered& each) { return (each.*kind)(); });
  return found;
}

std::size_t Wire::count(std::string_view path) const {
  const std::scoped_lock guard(mutex_);
  return static_cast<std::size_t>(std::ranges::count(delivered_, path, &Delivered::path));
}

std::string Wire::deliver_again(const Delivered& request) const {
  constexpr std::chrono::seconds limit{10};
  const auto answer =
      direct_->post(0, {request.path, request.body, {}, limit}, Transport::Clock::now() + limit);
  return answer ? answer->body : answer.error().message();
}

Result<Transport::Answer> Wire::post(const Transport::Request& request,
                                     Transport::Clock::time_point deadline) {
  Delivered now{std::string(request.path), std::string(request.body)};
  const auto lost = std::unexpected(Error{Errc::unavailable, 0, "the wire is cut"});
  Fate fate = Fate::pass;
  std::function<void()> afterwards;
  {
    const std::scoped_lock guard(mutex_);
    fate = decide_(now);
    if (fate == Fate::lose_request) return lost;
    if (fate == Fate::no_space) return refusal("mvcc: database space exceeded", 8);
    if (fate == Fate::too_large) return refusal("request is too large", 3);
    delivered_.push_back(now);
    if (now.path == path_) afterwards = std::exchange(afterwards_, nullptr);
  }
  auto answer = direct_->post(0, request, deadline);
  if (afterwards) afterwards();
  if (fate == Fate::lose_answer) return lost;
  if (fate == Fate::say_full) return refusal("mvcc: database space exceeded", 8);
  return answer;
}

std::shared_ptr<const EtcdSite> site_over(const std::shared_ptr<Wire>& wire,
                                          const EtcdServer& server, const std::string& prefix,
                                          std::chrono::seconds ttl, Gateway::Timing timing,
                                          Login login) {
  auto gateway = std::make_shared<Gateway>(real_kernel(), std::make_unique<OverWire>(wire),
                                           std::vector{server.socket()}, std::move(login), timing);
  return std::make_shared<const EtcdSite>(
      EtcdSite{server.url(prefix), Keys(prefix), ttl, std::move(gateway)});
}

Store store_over(const std::shared_ptr<Wire>& wire, const EtcdServer& server,
                 const std::string& prefix, std::chrono::seconds ttl, Gateway::Timing timing,
                 Login login) {
  return Store(std::make_shared<const EtcdBackend>(
      site_over(wire, server, prefix, ttl, timing, std::move(login))));
}

}  // namespace latchfile::test
