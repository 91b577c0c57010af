// SPDX-License-Identifier: Apache-2.0
//
// The floor of stores in etcd: libcurl with a connection that is kept, bodies that were made
// before, and answers that nobody reads.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <curl/curl.h>

namespace latchfile::bench {

/// One kind of request to one member. Used by one thread at a time.
class BareEtcd {
 public:
  /// `path` is of requests.hpp.
  BareEtcd(const std::string& socket, std::string_view path);

  /// Whether the answer to `body`, which is kept until then, was good and came in time.
  [[nodiscard]] bool post(std::string_view body,
                          std::chrono::milliseconds limit = std::chrono::seconds(20));
  /// Of the last answer.
  [[nodiscard]] std::size_t bytes() const { return *bytes_; }

 private:
  struct Cleanup {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };

  std::unique_ptr<curl_slist, Cleanup> headers_;
  std::unique_ptr<std::size_t> bytes_ = std::make_unique<std::size_t>(0);
  std::unique_ptr<CURL, Cleanup> easy_;
};

}  // namespace latchfile::bench
