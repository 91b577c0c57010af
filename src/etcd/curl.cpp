// SPDX-License-Identifier: Apache-2.0
#include "etcd/curl.hpp"

#include <algorithm>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/quote.hpp"

namespace latchfile::curl {
namespace {

/// A peer that is gone without a word is noticed after that long, also on a stream that is quiet.
constexpr unsigned silence_timeout_ms = 10000;
constexpr long keepalive_seconds = 3;

curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  // It is nothing for the programs that whoever uses us starts, not even for one of another thread
  // that starts right now.
  const auto opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (opened == CURL_SOCKET_BAD) return opened;
  const unsigned timeout = silence_timeout_ms;
  // Refused on a unix socket, where no peer is gone without a word.
  static_cast<void>(setsockopt(opened, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout));
  return opened;
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  // What can fail is a lack of memory, and an option that this libcurl does not have.
  if (curl_easy_setopt(easy, option, value) == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
}

void add(Headers& headers, const std::string& line) {
  auto* longer = curl_slist_append(headers.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  static_cast<void>(headers.release());
  headers.reset(longer);
}

void set_tls(CURL* easy, const Tls& tls) {
  set(easy, CURLOPT_PROTOCOLS_STR, tls.on ? "https" : "http");
  if (!tls.on) return;
  set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!tls.ca_file.empty()) {
    set(easy, CURLOPT_CAINFO, tls.ca_file.c_str());
    set(easy, CURLOPT_CAPATH, nullptr);
  }
  if (!tls.cert_file.empty()) set(easy, CURLOPT_SSLCERT, tls.cert_file.c_str());
  if (!tls.key_file.empty()) set(easy, CURLOPT_SSLKEY, tls.key_file.c_str());
  // Of a key that is encrypted OpenSSL would ask the terminal for the pass phrase, and wait.
  set(easy, CURLOPT_KEYPASSWD, "");
}

/// Whether a server says so by an alert of TLS.
bool refuses_our_certificate(std::string_view why) {
  return why.contains("alert") && (why.contains("certificate") || why.contains("unknown ca"));
}

}  // namespace

Exchange::Exchange(CURL* easy, const Endpoint& endpoint, const Tls& tls,
                   const Transport::Request& request)
    : easy_(easy), tls_(tls.on), body_(request.body), silence_(request.silence) {
  curl_easy_reset(easy);
  set(easy, CURLOPT_ERRORBUFFER, why_.data());
  const auto url =
      (tls.on ? "https://" : "http://") + endpoint.host_and_port + std::string(request.path);
  set(easy, CURLOPT_URL, url.c_str());
  if (!endpoint.unix_path.empty()) {
    set(easy, CURLOPT_UNIX_SOCKET_PATH, endpoint.unix_path.c_str());
  }
  set_tls(easy, tls);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  // What is kept in etcd is nothing for a proxy that the environment happens to name.
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms);
  // Else who gives up while a name is looked up waits for the thread that does so.
  set(easy, CURLOPT_QUICK_EXIT, 1L);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_TCP_KEEPIDLE, keepalive_seconds);
  set(easy, CURLOPT_TCP_KEEPINTVL, keepalive_seconds);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &open_socket);

  add(headers_, "Content-Type: application/json");
  // Without this a large body waits for a word of the server that it may never say.
  add(headers_, "Expect:");
  // A watch at a member that has lost its leader would be silent for ever.
  add(headers_, "Grpc-Metadata-hasleader: true");
  if (!request.token.empty()) add(headers_, "Authorization: " + std::string(request.token));
  set(easy, CURLOPT_HTTPHEADER, headers_.get());

  // By a function that cannot rewind, and not CURLOPT_POSTFIELDS: with that, libcurl sends the
  // body a second time by itself if a connection that it kept breaks.
  set(easy, CURLOPT_POST, 1L);
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
  set(easy, CURLOPT_READFUNCTION, &Exchange::read);
  set(easy, CURLOPT_READDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &Exchange::write);
  set(easy, CURLOPT_WRITEDATA, this);
}

std::size_t Exchange::read(char* into, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const auto bytes = std::min(size * count, exchange.body_.size() - exchange.sent_);
  exchange.body_.copy(into, bytes, exchange.sent_);
  exchange.sent_ += bytes;
  exchange.pace_.note(exchange.sent_ + exchange.received_.size(), Transport::Clock::now());
  return bytes;
}

std::size_t Exchange::write(const char* from, std::size_t size, std::size_t count, void* self) {
  auto& exchange = *static_cast<Exchange*>(self);
  const auto bytes = size * count;
  if (exchange.received_.size() + bytes > Transport::max_answer_bytes) {
    exchange.too_large_ = true;
    return 0;
  }
  const auto now = Transport::Clock::now();
  // The time that a request took, or was given, is none of its answer's.
  if (exchange.received_.empty()) exchange.pace_ = Pace(now);
  exchange.received_.append(from, bytes);
  exchange.pace_.note(exchange.received_.size(), now);
  return bytes;
}

long Exchange::status() const {
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

Error Exchange::error(CURLcode code) const {
  if (too_large_) {
    return {Errc::too_large, 0,
            "its answer has more than " + std::to_string(Transport::max_answer_bytes) + " bytes"};
  }
  if (code == CURLE_OPERATION_TIMEDOUT && why_.front() == '\0') {
    return {Errc::unavailable, 0, "no answer in time"};
  }
  const auto why = one_line(why_.front() == '\0' ? curl_easy_strerror(code) : why_.data());
  if (refuses_our_certificate(why)) {
    return {
        Errc::io, 0,
        "it wants a certificate from here, of an authority that it trusts (--cert, --key): " + why};
  }
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return {Errc::io, 0,
              "its certificate is not of a trusted authority (--cacert), not for this host or not "
              "valid now: " +
                  why};
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
      return {Errc::io, 0, "a file of a certificate or a key cannot be used: " + why};
    case CURLE_SSL_CONNECT_ERROR:
      return {Errc::unavailable, 0, "TLS does not come about; does that port speak it? " + why};
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return {Errc::unavailable, 0,
              "what answers there is not HTTP; is that etcd's client port, or one of TLS "
              "(--cacert)? " +
                  why};
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return {Errc::unavailable, 0, tls_ ? why : why + "; does it want TLS (--cacert)?"};
    default: return {Errc::unavailable, 0, why};
  }
}

NoBrokenPipe::NoBrokenPipe() {
  sigset_t pending;
  sigpending(&pending);
  was_pending_ = sigismember(&pending, SIGPIPE) == 1;
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, &before_);
}

NoBrokenPipe::~NoBrokenPipe() {
  if (!was_pending_) {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    const timespec at_once{};
    static_cast<void>(sigtimedwait(&pipe, nullptr, &at_once));
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Connection::Connection() : multi_(curl_multi_init()), easy_(curl_easy_init()) {
  if (!multi_ || !easy_) throw std::bad_alloc();
}

Connection::~Connection() {
  const NoBrokenPipe no_broken_pipe;
  easy_.reset();
  multi_.reset();
}

// By hand and not curl_easy_perform, which asks once a second whether to go on while nothing comes.
CURLcode Connection::perform(const Exchange& exchange,
                             Transport::Clock::time_point deadline) const {
  const NoBrokenPipe no_broken_pipe;
  auto went = curl_multi_add_handle(multi_.get(), easy_.get());
  int running = 1;
  while (went == CURLM_OK) {
    went = curl_multi_perform(multi_.get(), &running);
    if (went != CURLM_OK || running == 0) break;
    const auto until = std::min(deadline, exchange.given_up_at());
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Transport::Clock::now());
    if (left <= left.zero()) break;
    went = curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(left.count()), nullptr);
  }
  auto code = went == CURLM_OK ? CURLE_OPERATION_TIMEDOUT : CURLE_FAILED_INIT;
  int others = 0;
  if (const auto* message = curl_multi_info_read(multi_.get(), &others)) {
    code = message->data.result;
  }
  curl_multi_remove_handle(multi_.get(), easy_.get());
  return code;
}

}  // namespace latchfile::curl
