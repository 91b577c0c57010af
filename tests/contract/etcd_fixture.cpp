// SPDX-License-Identifier: Apache-2.0
//
// The backend of etcd under the contract: a server of etcd's own, and a transport that can lose
// what it is given or what comes back.
#include <atomic>
#include <memory>

#include <gtest/gtest.h>

#include "contract/store_fixture.hpp"
#include "etcd/base64.hpp"
#include "etcd/curl_transport.hpp"
#include "etcd/envelope.hpp"
#include "etcd/etcd_backend.hpp"
#include "posix/real_kernel.hpp"
#include "support/etcd_server.hpp"

namespace latchfile::test {
namespace {

/// Whether a request saves or destroys: it has an envelope in it, or deletes.
bool changes_state(std::string_view body) {
  static const auto beginning = [] {
    std::string text;
    base64::append_to(text, R"({"latchfile":1,"save")");  // a multiple of three bytes
    return text;
  }();
  return body.contains(beginning) || body.contains("request_delete_range");
}

class FailingTransport final : public Transport {
 public:
  using Fault = std::atomic<StoreFixture::Fault>;

  FailingTransport(std::unique_ptr<Transport> next, std::shared_ptr<Fault> fault)
      : next_(std::move(next)), fault_(std::move(fault)) {}

  Result<Answer> post(std::size_t endpoint, const Request& request,
                      Clock::time_point deadline) override {
    const auto fault = fault_->load();
    if (fault == StoreFixture::Fault::none || !changes_state(request.body)) {
      return next_->post(endpoint, request, deadline);
    }
    if (fault == StoreFixture::Fault::before_commit) {
      return Answer{429, R"({"error":"etcdserver: mvcc: database space exceeded","code":8})"};
    }
    static_cast<void>(next_->post(endpoint, request, deadline));
    return std::unexpected(Error{Errc::unavailable, 0, "the answer was lost"});
  }
  Result<std::unique_ptr<Stream>> new_stream() override { return next_->new_stream(); }

 private:
  const std::unique_ptr<Transport> next_;
  const std::shared_ptr<Fault> fault_;
};

class EtcdFixture final : public StoreFixture {
 public:
  EtcdFixture() {
    static std::atomic<int> count = 0;
    prefix_ = "/test/" + std::to_string(++count);
  }

  Store open() override {
    auto& kernel = real_kernel();
    auto transport = std::make_unique<FailingTransport>(
        std::make_unique<CurlTransport>(
            kernel, std::vector{Endpoint{"localhost", server_.socket()}}, Tls{}),
        fault_);
    const Gateway::Timing timing{.attempt = overall_, .overall = overall_};
    auto gateway = std::make_shared<Gateway>(kernel, std::move(transport),
                                             std::vector{server_.socket()}, Login{}, timing);
    return Store(std::make_shared<const EtcdBackend>(std::make_shared<const EtcdSite>(EtcdSite{
        server_.url(prefix_), Keys(prefix_), std::chrono::seconds(10), std::move(gateway)})));
  }

  void set_fault(Fault fault) override { *fault_ = fault; }

  void plant(const ContainerId& id, std::string_view bytes) override {
    server_.put(Keys(prefix_).state(id), envelope::seal(envelope::new_id(), bytes));
  }

  bool plant_untrusted(const ContainerId&) override { return false; }

  std::vector<std::string> inventory() const override { return server_.keys(prefix_); }

 private:
  EtcdServer& server_ = EtcdServer::shared();
  std::string prefix_;
  /// What is lost for good is given up soon, and yet the greatest document has its time.
  static constexpr std::chrono::milliseconds overall_{12000};
  std::shared_ptr<FailingTransport::Fault> fault_ =
      std::make_shared<FailingTransport::Fault>(Fault::none);
};

[[maybe_unused]] const bool plugged_in =
    plug_in({"etcd", [] { return std::make_unique<EtcdFixture>(); }});

}  // namespace
}  // namespace latchfile::test
