// SPDX-License-Identifier: Apache-2.0
#include "etcd/gateway.hpp"

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/quote.hpp"
#include "etcd/requests.hpp"

namespace latchfile {
namespace {

// Codes of gRPC, which the gateway puts into its errors.
constexpr std::int64_t invalid_argument = 3;
constexpr std::int64_t not_found = CallFailure::absent;
constexpr std::int64_t permission_denied = 7;
constexpr std::int64_t resource_exhausted = 8;
constexpr std::int64_t out_of_range = CallFailure::compacted;
constexpr std::int64_t unauthenticated = 16;

/// Whether logging in again may help.
bool is_about_token(std::string_view message) {
  return message.contains("invalid auth token") ||
         message.contains("revision of auth store is old");
}
bool is_about_token(const answer::Refusal& refusal) {
  return refusal.code == unauthenticated || is_about_token(refusal.message);
}

/// The kind of a definite refusal: the request was not carried out, and would not be the next time.
/// Nothing if that is not known.
std::optional<Error> definite(const answer::Refusal& refusal) {
  const auto& message = refusal.message;
  const auto says = [&](std::string_view text) { return message.contains(text); };
  const auto shown = one_line(message);
  switch (refusal.code) {
    case invalid_argument:
      if (says("too large")) {
        return Error{Errc::too_large, 0,
                     "the document is larger than this etcd takes (--max-request-bytes): " + shown};
      }
      if (says("authentication failed")) {
        return Error{Errc::io, 0, "user or password is wrong: " + shown};
      }
      if (says("user name is empty")) {
        return Error{Errc::io, 0, "it wants a user and a password: " + shown};
      }
      return Error{Errc::io, 0, shown};
    case permission_denied:
      return Error{Errc::io, 0,
                   "the user may not do that; grant it the keys of the prefix: " + shown};
    case resource_exhausted:
      if (says("space exceeded")) {
        return Error{
            Errc::io, ENOSPC,
            "its database is full; compact and defragment it, and disarm the alarm: " + shown};
      }
      if (says("larger than max")) {
        return Error{Errc::too_large, 0, "the document is larger than this etcd takes: " + shown};
      }
      return std::nullopt;  // too many requests just now
    case not_found:
    case out_of_range: return Error{Errc::io, 0, shown};
    default: return std::nullopt;
  }
}

}  // namespace

Gateway::Gateway(Kernel& kernel, std::unique_ptr<Transport> transport,
                 std::vector<std::string> endpoints, Login login, Timing timing)
    : kernel_(kernel),
      transport_(std::move(transport)),
      endpoints_(std::move(endpoints)),
      login_(std::move(login)),
      timing_(timing),
      token_(kernel) {}

Error Gateway::at(std::size_t endpoint, Errc code, std::string_view what) const {
  return {code, 0, "etcd at " + endpoints_[endpoint] + ": " + std::string(what)};
}

void Gateway::move_on_from(std::size_t endpoint) {
  // Of several threads that fail there at once, one moves on.
  current_.compare_exchange_strong(endpoint, (endpoint + 1) % endpoints_.size());
}

void Gateway::pause_after(std::size_t attempts, Clock::time_point deadline) const {
  if (attempts % endpoints_.size() != 0) return;
  std::this_thread::sleep_until(std::min(deadline, now() + timing_.pause));
}

Result<std::string> Gateway::token(std::size_t endpoint, Clock::time_point deadline) {
  if (login_.user.empty()) return std::string();
  auto& token = token_.get();
  const std::scoped_lock guard(token.mutex);
  if (!token.text.empty()) return token.text;
  const auto body = request::authenticate(login_.user, login_.password);
  auto answer = transport_->post(endpoint, {request::path::authenticate, body, {}, timing_.attempt},
                                 deadline);
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->status == 200) {
    if (auto text = answer::read_token(answer->body)) return token.text = std::move(*text);
    return std::unexpected(Error{Errc::unavailable, 0, "no token in its answer"});
  }
  const auto refusal = answer::read_refusal(answer->body);
  if (!refusal) return std::unexpected(Error{Errc::unavailable, 0, "not an answer of etcd"});
  if (refusal->message.contains("authentication is not enabled")) return std::string();
  auto error = definite(*refusal);
  return std::unexpected(error ? std::move(*error)
                               : Error{Errc::unavailable, 0, one_line(refusal->message)});
}

void Gateway::forget_token() {
  auto& token = token_.get();
  const std::scoped_lock guard(token.mutex);
  token.text.clear();
}

Result<Transport::Answer> Gateway::post(std::size_t endpoint, std::string_view path,
                                        std::string_view body, Clock::time_point deadline) {
  const auto held = token(endpoint, deadline);
  if (!held) return std::unexpected(held.error());
  // etcd says nothing while it reads a large body.
  constexpr std::size_t bytes_per_ms = 1000;
  const auto silence = timing_.attempt + std::chrono::milliseconds(body.size() / bytes_per_ms);
  return transport_->post(endpoint, {path, body, *held, silence}, deadline);
}

/// G2 and G3. Fills `failure` unless it is Next::done.
Gateway::Next Gateway::judge(std::size_t endpoint, Result<Transport::Answer>& answer,
                             const std::function<bool(std::string&)>& take, CallFailure& failure) {
  if (!answer) {
    const bool may_pass = answer.error().code == Errc::unavailable;
    failure.error = at(endpoint, answer.error().code, answer.error().context);
    failure.error.sys_errno = answer.error().sys_errno;
    return may_pass ? Next::go_on : Next::refuse;
  }
  if (answer->status == 200) {
    if (take(answer->body)) return Next::done;
    failure.error = at(endpoint, Errc::unavailable, "not an answer of etcd, or half of one");
    return Next::go_on;
  }
  const auto refusal = answer::read_refusal(answer->body);
  if (!refusal) {
    failure.error =
        at(endpoint, Errc::unavailable, "HTTP status " + std::to_string(answer->status));
    return Next::go_on;
  }
  failure.error = at(endpoint, Errc::unavailable, one_line(refusal->message));
  if (is_about_token(*refusal)) return Next::log_in;
  const auto error = definite(*refusal);
  if (!error || answer->status >= 500) return Next::go_on;
  failure.error = at(endpoint, error->code, error->context);
  failure.error.sys_errno = error->sys_errno;
  failure.code = refusal->code;
  return Next::refuse;
}

Called<bool> Gateway::exchange(std::string_view path, std::string_view body,
                               Clock::time_point deadline,
                               const std::function<bool(std::string&)>& take) {
  CallFailure failure{{Errc::unavailable, 0, "no time was left"}};
  bool logged_in_again = false;
  for (std::size_t attempts = 1;; ++attempts) {
    const auto endpoint = current_.load();
    auto answer = post(endpoint, path, body, deadline);        // G1
    const auto next = judge(endpoint, answer, take, failure);  // G2
    if (next == Next::done) return failure.may_be_done;
    if (next == Next::refuse) return std::unexpected(std::move(failure));
    if (next == Next::log_in) {
      forget_token();
      if (!logged_in_again && now() < deadline) {
        logged_in_again = true;
        continue;
      }
      failure.error.code = Errc::io;
      return std::unexpected(std::move(failure));
    }
    failure.may_be_done = true;  // G3
    move_on_from(endpoint);
    pause_after(attempts, deadline);
    if (now() >= deadline) return std::unexpected(std::move(failure));
  }
}

Called<answer::Txn> Gateway::transact(std::string_view body) {
  std::optional<answer::Txn> answer;
  const auto done =
      exchange(request::path::txn, body, now() + timing_.overall, [&](std::string& text) {
        answer = answer::read_txn(text);
        return answer.has_value();
      });
  if (!done) return std::unexpected(done.error());
  answer->repeated = *done;
  return std::move(*answer);
}

Called<answer::Watched> Gateway::try_watch(Transport::Stream& stream, std::size_t endpoint,
                                           std::string_view body, Clock::time_point deadline) {
  const auto failed = [&](Errc code, std::string_view why) {
    stream.stop();
    return std::unexpected(CallFailure{at(endpoint, code, why)});
  };
  const auto held = token(endpoint, deadline);
  if (!held) return failed(held.error().code, held.error().context);
  stream.start(endpoint, {request::path::watch, body, *held});
  auto line = stream.next_line(deadline);
  if (!line) {
    // Also if it is the token that is not known: the next attempt has another.
    if (stream.status() != 0 && stream.status() != 200) forget_token();
    return failed(line.error().code, line.error().context);
  }
  if (!*line) return failed(Errc::unavailable, "no answer in time");
  auto watched = answer::read_watched(**line);
  if (!watched) return failed(Errc::unavailable, "not an answer of etcd");
  if (watched->failed) return failed(Errc::unavailable, one_line(watched->why));
  // One that was compacted away is the caller's affair.
  if (watched->canceled && watched->compacted == 0) {
    if (is_about_token(watched->why)) forget_token();
    return failed(watched->why.contains("permission denied") ? Errc::io : Errc::unavailable,
                  one_line(watched->why));
  }
  return std::move(*watched);
}

Called<answer::Watched> Gateway::open_watch(Transport::Stream& stream, std::string_view key,
                                            std::string_view end, std::int64_t revision,
                                            Clock::time_point deadline) {
  const auto body = request::watch(key, end, revision);
  for (std::size_t attempts = 1;; ++attempts) {
    const auto endpoint = current_.load();
    auto watched = try_watch(stream, endpoint, body, std::min(deadline, now() + timing_.attempt));
    if (watched || watched.error().error.code != Errc::unavailable) return watched;
    move_on_from(endpoint);
    pause_after(attempts, deadline);
    if (now() >= deadline) return watched;
  }
}

}  // namespace latchfile
