// SPDX-License-Identifier: Apache-2.0
#include "etcd/curl_stream.hpp"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "etcd/lines.hpp"

namespace latchfile {
namespace {

std::unexpected<Error> failed(const char* what) {
  return std::unexpected(Error{Errc::io, errno, what});
}

/// One that makes `epoll` readable.
Result<UniqueFd> timer_of(Kernel& kernel, int epoll) {
  UniqueFd timer(kernel, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer) return failed("timerfd_create");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = timer.get();
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, timer.get(), &event) != 0) return failed("epoll_ctl");
  return timer;
}

}  // namespace

Result<std::unique_ptr<Transport::Stream>> CurlStream::make(Kernel& kernel,
                                                            std::vector<Endpoint> endpoints,
                                                            Tls tls) {
  UniqueFd epoll(kernel, epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return failed("epoll_create1");
  auto timer = timer_of(kernel, epoll.get());
  if (!timer) return std::unexpected(std::move(timer.error()));
  auto line_timer = timer_of(kernel, epoll.get());
  if (!line_timer) return std::unexpected(std::move(line_timer.error()));
  return std::make_unique<CurlStream>(kernel, std::move(endpoints), std::move(tls),
                                      std::move(epoll), std::move(*timer), std::move(*line_timer));
}

CurlStream::CurlStream(Kernel& kernel, std::vector<Endpoint> endpoints, Tls tls, UniqueFd epoll,
                       UniqueFd timer, UniqueFd line_timer)
    : kernel_(kernel),
      endpoints_(std::move(endpoints)),
      tls_(std::move(tls)),
      owner_(kernel.getpid()),
      epoll_(std::move(epoll)),
      timer_(std::move(timer)),
      line_timer_(std::move(line_timer)),
      multi_(curl_multi_init()) {
  if (multi_ == nullptr) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlStream::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlStream::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  // A connection of a stream is of no use for the next one.
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
}

CurlStream::~CurlStream() {
  if (kernel_.getpid() != owner_) {
    // The parent goes on with the connection, and with what epoll knows of it.
    static_cast<void>(easy_.release());
    static_cast<void>(exchange_.release());
    return;
  }
  stop();
  const curl::NoBrokenPipe no_broken_pipe;
  curl_multi_cleanup(multi_);
}

void CurlStream::start(std::size_t endpoint, const Transport::Request& request) {
  stop();
  easy_.reset(curl_easy_init());
  if (!easy_) throw std::bad_alloc();
  exchange_ = std::make_unique<curl::Exchange>(easy_.get(), endpoints_[endpoint], tls_, request);
  silence_ = request.silence;
  curl_easy_setopt(easy_.get(), CURLOPT_FORBID_REUSE, 1L);
  curl_multi_add_handle(multi_, easy_.get());
}

void CurlStream::stop() {
  const curl::NoBrokenPipe no_broken_pipe;
  if (easy_) curl_multi_remove_handle(multi_, easy_.get());
  easy_.reset();
  exchange_.reset();
  end_.reset();
  half_line_.reset();
  searched_ = 0;
}

int CurlStream::on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
  auto& stream = *static_cast<CurlStream*>(self);
  const int epoll = stream.epoll_.get();
  if (what == CURL_POLL_REMOVE) {
    // It may be closed by now, which removes it as well.
    static_cast<void>(epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nullptr));
    return 0;
  }
  epoll_event event{};
  event.data.fd = socket;
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  const int operation = known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(epoll, operation, socket, &event) != 0 && errno == EEXIST) {
    static_cast<void>(epoll_ctl(epoll, EPOLL_CTL_MOD, socket, &event));
  }
  curl_multi_assign(stream.multi_, socket, self);
  return 0;
}

int CurlStream::on_timer(CURLM*, long timeout_ms, void* self) {
  const auto& stream = *static_cast<CurlStream*>(self);
  itimerspec at{};
  if (timeout_ms >= 0) {
    at.it_value.tv_sec = timeout_ms / 1000;
    // All zero would be no timer.
    at.it_value.tv_nsec = timeout_ms % 1000 * 1000000 + 1;
  }
  static_cast<void>(timerfd_settime(stream.timer_.get(), 0, &at, nullptr));
  return 0;
}

bool CurlStream::await_rest_of_line() {
  const auto bytes = exchange_->received().size();
  if (bytes == 0) return true;
  const auto now = kernel_.now();
  // A peer is not slow because nobody has read what it sent.
  const bool was_away = bytes != half_line_bytes_ && now - looked_ >= silence_;
  if (!half_line_ || was_away) half_line_.emplace(now);
  half_line_->note(bytes, now);
  half_line_bytes_ = bytes;
  looked_ = now;
  const auto until = half_line_->given_up_at(silence_);
  if (until <= now) return false;
  const auto since_boot = std::chrono::nanoseconds(until.time_since_epoch()).count();
  itimerspec at{};
  at.it_value = {since_boot / 1000000000, since_boot % 1000000000};
  static_cast<void>(timerfd_settime(line_timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr));
  return true;
}

bool CurlStream::drive() {
  std::array<epoll_event, 8> events{};
  const int ready = epoll_wait(epoll_.get(), events.data(), events.size(), 0);
  int running = 0;
  for (int i = 0; i < ready; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.fd == timer_.get() || event.data.fd == line_timer_.get()) {
      std::uint64_t expirations = 0;
      static_cast<void>(
          kernel_.read(event.data.fd, reinterpret_cast<char*>(&expirations), sizeof expirations));
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    } else {
      int what = 0;
      if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
      if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
      if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
      curl_multi_socket_action(multi_, event.data.fd, what, &running);
    }
  }
  note_end();
  return ready > 0;
}

void CurlStream::note_end() {
  int left = 0;
  while (const auto* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE || message->easy_handle != easy_.get()) continue;
    end_ = message->data.result == CURLE_OK ? Error{Errc::unavailable, 0, "the stream has ended"}
                                            : exchange_->error(message->data.result);
  }
}

Result<std::optional<std::string>> CurlStream::next_line(Transport::Clock::time_point deadline) {
  if (!exchange_) return std::unexpected(Error{Errc::unavailable, 0, "the stream is closed"});
  const curl::NoBrokenPipe no_broken_pipe;
  for (;;) {
    if (status() != 0 && status() != 200) {
      return std::unexpected(
          Error{Errc::unavailable, 0, "HTTP status " + std::to_string(status())});
    }
    if (auto line = take_line(exchange_->received(), searched_)) {
      half_line_.reset();
      return line;
    }
    if (end_) return std::unexpected(*end_);
    if (drive()) continue;
    if (!await_rest_of_line()) {
      end_ = Error{Errc::unavailable, 0, "it has begun a line and does not end it"};
      continue;
    }
    if (kernel_.now() >= deadline) return std::optional<std::string>();
    const auto ready = readable_by(kernel_, epoll_.get(), deadline);
    if (!ready) return std::unexpected(Error{Errc::io, ready.error().value, "poll"});
  }
}

}  // namespace latchfile
