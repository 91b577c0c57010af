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
using Easy = std::unique_ptr<CURL, Cleanup>;
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
  [[nodiscard]] long status() const;
  /// Why it failed, for people and programs. Of Transport::post's errors.
  [[nodiscard]] Error error(CURLcode code) const;

 private:
  static std::size_t read(char* into, std::size_t size, std::size_t count, void* self);
  static std::size_t write(const char* from, std::size_t size, std::size_t count, void* self);

  static int progress(void* self, curl_off_t, curl_off_t received, curl_off_t, curl_off_t sent);

  CURL* easy_;
  const bool tls_;
  const std::string body_;
  const std::chrono::milliseconds silence_;
  Transport::Clock::time_point silent_since_ = Transport::Clock::now();
  curl_off_t bytes_so_far_ = 0;
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

}  // namespace curl
}  // namespace latchfile
