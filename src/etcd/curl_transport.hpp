// SPDX-License-Identifier: Apache-2.0
//
// CurlTransport: etcd's JSON gateway over HTTP, with connections that are kept.
//
// Threads: each takes a connection of its own from a pool. Processes: a forked child has a pool of
// its own and leaves the connections of its parent alone.
#pragma once

#include <memory>
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
    std::vector<std::vector<std::unique_ptr<curl::Connection>>> idle;  ///< of each endpoint
  };

  [[nodiscard]] std::unique_ptr<curl::Connection> take(std::size_t endpoint);
  void give_back(std::size_t endpoint, std::unique_ptr<curl::Connection> connection);

  Kernel& kernel_;
  const std::vector<Endpoint> endpoints_;
  const Tls tls_;
  PerProcess<Pool> pool_;
};

}  // namespace latchfile
