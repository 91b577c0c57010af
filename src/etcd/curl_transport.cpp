// SPDX-License-Identifier: Apache-2.0
#include "etcd/curl_transport.hpp"

#include <mutex>

#include "etcd/curl_stream.hpp"

namespace latchfile {
namespace {

/// How many connections to an endpoint are kept that nobody uses.
constexpr std::size_t most_idle = 8;

void initialise_libcurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

CurlTransport::CurlTransport(Kernel& kernel, std::vector<Endpoint> endpoints, Tls tls)
    : kernel_(kernel), endpoints_(std::move(endpoints)), tls_(std::move(tls)), pool_(kernel) {
  initialise_libcurl();
}

std::unique_ptr<curl::Connection> CurlTransport::take(std::size_t endpoint) {
  auto& pool = pool_.get();
  {
    const std::scoped_lock guard(pool.mutex);
    pool.idle.resize(endpoints_.size());
    auto& idle = pool.idle[endpoint];
    if (!idle.empty()) {
      auto connection = std::move(idle.back());
      idle.pop_back();
      return connection;
    }
  }
  return std::make_unique<curl::Connection>();
}

void CurlTransport::give_back(std::size_t endpoint, std::unique_ptr<curl::Connection> connection) {
  auto& pool = pool_.get();
  const std::scoped_lock guard(pool.mutex);
  auto& idle = pool.idle[endpoint];
  if (idle.size() < most_idle) idle.push_back(std::move(connection));
}

Result<Transport::Answer> CurlTransport::post(std::size_t endpoint, const Request& request,
                                              Clock::time_point deadline) {
  auto connection = take(endpoint);
  curl::Exchange exchange(connection->easy(), endpoints_[endpoint], tls_, request);
  const auto code = connection->perform(exchange, deadline);
  Result<Answer> answer = std::unexpected(exchange.error(code));
  if (code == CURLE_OK) answer = Answer{exchange.status(), std::move(exchange.received())};
  curl_easy_reset(connection->easy());  // it still names the exchange
  if (answer) give_back(endpoint, std::move(connection));
  return answer;
}

Result<std::unique_ptr<Transport::Stream>> CurlTransport::new_stream() {
  return CurlStream::make(kernel_, endpoints_, tls_);
}

}  // namespace latchfile
