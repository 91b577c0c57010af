// SPDX-License-Identifier: Apache-2.0
//
// What CurlTransport and its streams share: one request, set up in a handle of libcurl.
#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "etcd/address.hpp"
#include "etcd/pace.hpp"
#include "etcd/transport.hpp"

namespace latchfile {

struct Tls {
  bool on = false;
  std::string ca_file;  ///< empty: the authorities of the system
  std::string cert_file;
  std::string key_file;
};

namespace curl {

struct Cleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
struct MultiCleanup {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
using Easy = std::unique_ptr<CURL, Cleanup>;
using Multi = std::unique_ptr<CURLM, MultiCleanup>;
using Headers = std::unique_ptr<curl_slist, Cleanup>;

inline constexpr long connect_timeout_ms = 500;

/// A request under way: what libcurl reads from and writes to, which must stay where it is until
/// the handle is reset or gone.
class Exchange {
 public:
  /// `easy` keeps its connection from the request before.
  Exchange(CURL* easy, const Endpoint& endpoint, const Tls& tls, const Transport::Request& request);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] std::string& received() { return received_; }
  /// When it is given up, if no more comes.
  [[nodiscard]] Transport::Clock::time_point given_up_at() const {
    return pace_.given_up_at(silence_);
  }
  [[nodiscard]] long status() const;
  /// Why it failed, for people and programs. Of Transport::post's errors.
  [[nodiscard]] Error error(CURLcode code) const;

 private:
  static std::size_t read(char* into, std::size_t size, std::size_t count, void* self);
  static std::size_t write(const char* from, std::size_t size, std::size_t count, void* self);

  CURL* easy_;
  const bool tls_;
  const std::string body_;
  const std::chrono::milliseconds silence_;
  Pace pace_{Transport::Clock::now()};
  std::size_t sent_ = 0;
  std::string received_;
  bool too_large_ = false;
  std::array<char, CURL_ERROR_SIZE> why_{};
  Headers headers_;
};

/// While it lives this thread is not ended by a connection that breaks: libcurl can only ask the
/// kernel for that on connections without TLS.
class NoBrokenPipe {
 public:
  NoBrokenPipe();
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;
  ~NoBrokenPipe();

 private:
  sigset_t before_{};
  bool was_pending_;
};

/// A handle, and with it the connection that it keeps for the next request to the same endpoint.
class Connection {
 public:
  Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] CURL* easy() const { return easy_.get(); }
  /// Until there is an answer, the time is up, or the exchange is given up.
  [[nodiscard]] CURLcode perform(const Exchange& exchange,
                                 Transport::Clock::time_point deadline) const;

 private:
  Multi multi_;
  Easy easy_;
};

}  // namespace curl
}  // namespace latchfile
