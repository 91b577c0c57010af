// SPDX-License-Identifier: Apache-2.0
#include "etcd/curl_transport.hpp"

#include <algorithm>
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

curl::Easy CurlTransport::take(std::size_t endpoint) {
  auto& pool = pool_.get();
  {
    const std::scoped_lock guard(pool.mutex);
    pool.idle.resize(endpoints_.size());
    auto& idle = pool.idle[endpoint];
    if (!idle.empty()) {
      auto easy = std::move(idle.back());
      idle.pop_back();
      return easy;
    }
  }
  curl::Easy easy(curl_easy_init());
  if (!easy) throw std::bad_alloc();
  return easy;
}

void CurlTransport::give_back(std::size_t endpoint, curl::Easy easy) {
  auto& pool = pool_.get();
  const std::scoped_lock guard(pool.mutex);
  if (pool.idle[endpoint].size() < most_idle) pool.idle[endpoint].push_back(std::move(easy));
}

Result<Transport::Answer> CurlTransport::post(std::size_t endpoint, const Request& request,
                                              Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - kernel_.now());
  const curl::NoBrokenPipe no_broken_pipe;
  auto easy = take(endpoint);
  curl::Exchange exchange(easy.get(), endpoints_[endpoint], tls_, request);
  // 0 would be no limit at all.
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS,
                   static_cast<long>(std::max<std::int64_t>(left.count(), 1)));
  const auto code = curl_easy_perform(easy.get());
  Result<Answer> answer = std::unexpected(exchange.error(code));
  if (code == CURLE_OK) answer = Answer{exchange.status(), std::move(exchange.received())};
  curl_easy_reset(easy.get());  // it still names the exchange
  if (answer) give_back(endpoint, std::move(easy));
  return answer;
}

Result<std::unique_ptr<Transport::Stream>> CurlTransport::new_stream() {
  return CurlStream::make(kernel_, endpoints_, tls_);
}

}  // namespace latchfile
