// SPDX-License-Identifier: Apache-2.0
//
// CurlTransport: etcd's JSON gateway over HTTP, with connections that are kept.
//
// Threads: each takes a handle of its own from a pool. Processes: a forked child has a pool of its
// own and leaves the connections of its parent alone.
#pragma once

#include <mutex>
#include <vector>

#include "etcd/curl.hpp"
#include "etcd/per_process.hpp"

namespace latchfile {

class CurlTransport final : public Transport {
 public:
  CurlTransport(Kernel& kernel, std::vector<Endpoint> endpoints, Tls tls);

  Result<Answer> post(std::size_t endpoint, const Request& request,
                      Clock::time_point deadline) override;
  Result<std::unique_ptr<Stream>> new_stream() override;

 private:
  struct Pool {
    std::mutex mutex;
    std::vector<std::vector<curl::Easy>> idle;  ///< of each endpoint
  };

  [[nodiscard]] curl::Easy take(std::size_t endpoint);
  void give_back(std::size_t endpoint, curl::Easy easy);

  Kernel& kernel_;
  const std::vector<Endpoint> endpoints_;
  const Tls tls_;
  PerProcess<Pool> pool_;
};

}  // namespace latchfile
