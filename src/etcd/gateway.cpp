// SPDX-License-Identifier: Apache-2.0
#include "etcd/gateway.hpp"

#include <algorithm>
#include <map>
#include <ranges>
#include <set>
#include <thread>

#include "base/quote.hpp"
#include "etcd/requests.hpp"

namespace latchfile {
namespace {

constexpr auto not_an_answer = "not an answer of etcd, or half of one";

/// What each endpoint did, by its number, for a message about all of them.
using Reasons = std::map<std::size_t, Error>;

std::string all_of(const Reasons& reasons) {
  std::string text;
  for (const auto& [endpoint, error] : reasons)
    text.append(text.empty() ? "" : "; ").append(error.message());
  return text;
}

}  // namespace

Gateway::Gateway(Kernel& kernel, std::unique_ptr<Transport> transport,
                 std::vector<std::string> endpoints, Login login, Timing timing)
    : kernel_(kernel),
      transport_(std::move(transport)),
      endpoints_(std::move(endpoints)),
      login_(std::move(login)),
      timing_(timing),
      cluster_of_(endpoints_.size()),
      token_(kernel) {}

Error Gateway::at(std::size_t endpoint, Error error) const {
  error.context = "etcd at " + endpoints_[endpoint] + ": " + error.context;
  return error;
}

void Gateway::move_on_from(std::size_t endpoint) {
  // Of several threads that fail there at once, one moves on.
  current_.compare_exchange_strong(endpoint, (endpoint + 1) % endpoints_.size());
}

void Gateway::pause_after(std::size_t attempts, Clock::time_point deadline) const {
  if (attempts % endpoints_.size() != 0) return;
  std::this_thread::sleep_until(std::min(deadline, now() + timing_.pause));
}

std::size_t Gateway::next_endpoint() const {
  const auto current = current_.load();
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const auto endpoint = (current + i) % endpoints_.size();
    if (!is_foreign(endpoint)) return endpoint;
  }
  return current;
}

bool Gateway::is_foreign(std::size_t endpoint) const {
  const auto cluster = cluster_of_[endpoint].load();
  return cluster != 0 && cluster != cluster_;
}

bool Gateway::is_ours(std::size_t endpoint, std::uint64_t cluster) {
  if (cluster == 0) return true;  // a proxy that does not say
  std::uint64_t ours = 0;
  const bool is_first = cluster_.compare_exchange_strong(ours, cluster);
  cluster_of_[endpoint] = cluster;
  return is_first || ours == cluster;
}

Error Gateway::foreign(std::size_t endpoint) const {
  const auto ours = cluster_.load();
  std::string than = "before";
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (cluster_of_[i] == ours) than = "etcd at " + endpoints_[i];
  }
  return {Errc::io, 0,
          "it is of another cluster than " + than + " (cluster_id " +
              std::to_string(cluster_of_[endpoint].load()) + " and " + std::to_string(ours) +
              "): name only members of one cluster, and open the store again"};
}

Gateway::Tried<std::string> Gateway::token(std::size_t endpoint, Clock::time_point deadline) {
  if (login_.user.empty()) return std::string();
  const auto failed = [](Next next, Error error) {
    return std::unexpected(Failed{std::move(error), next});
  };
  const auto unknown = [&](std::string why) {
    return failed(Next::go_on, {Errc::unavailable, 0, std::move(why)});
  };
  auto& token = token_.get();
  const std::unique_lock guard(token.mutex, deadline);
  if (!guard) return unknown("another thread still waits for an answer to its log-in");
  if (!token.text.empty()) return token.text;
  const auto body = request::authenticate(login_.user, login_.password);
  auto answer = transport_->post(endpoint, {request::path::authenticate, body, {}, timing_.attempt},
                                 deadline);
  if (!answer) return failed(next_after(answer.error()), answer.error());
  if (answer->status == 200) {
    auto read = answer::read_token(answer->body);
    if (!read) return unknown(not_an_answer);
    if (!is_ours(endpoint, read->cluster)) return failed(Next::refuse, foreign(endpoint));
    return token.text = std::move(read->text);
  }
  const auto refusal = answer::read_refusal(answer->body);
  if (!refusal) return std::unexpected(stranger(endpoint, *answer));
  if (refusal->message.contains("authentication is not enabled")) return std::string();
  auto error = definite(*refusal, login_);
  return error ? failed(Next::refuse, std::move(*error)) : unknown(shown(*refusal, login_));
}

void Gateway::forget_token(Clock::time_point deadline) {
  auto& token = token_.get();
  const std::unique_lock guard(token.mutex, deadline);
  if (guard) token.text.clear();
}

/// After an attempt without an answer of etcd.
Gateway::Next Gateway::next_after(const Error& error) {
  switch (error.code) {
    case Errc::unavailable: return Next::go_on;
    case Errc::io: return Next::elsewhere;
    default: return Next::refuse;
  }
}

/// After an answer that is not one of etcd.
Gateway::Failed Gateway::stranger(std::size_t endpoint, const Transport::Answer& answer) const {
  auto error = not_of_etcd(answer.status, answer.body);
  // A proxy may say that there is no such page while the etcd behind it is away.
  if (error.code == Errc::io && cluster_of_[endpoint] != 0) error.code = Errc::unavailable;
  const auto next = next_after(error);
  return {std::move(error), next};
}

Gateway::Tried<Transport::Answer> Gateway::post(std::size_t endpoint, std::string_view path,
                                                std::string_view body, Clock::time_point deadline) {
  auto held = token(endpoint, deadline);
  if (!held) return std::unexpected(std::move(held.error()));
  // etcd says nothing while it reads a large body.
  constexpr std::size_t bytes_per_ms = 1000;
  const auto silence = timing_.attempt + std::chrono::milliseconds(body.size() / bytes_per_ms);
  auto answer = transport_->post(endpoint, {path, body, *held, silence}, deadline);
  if (!answer) return std::unexpected(Failed{answer.error(), next_after(answer.error())});
  return std::move(*answer);
}

/// G2 and G3.
Gateway::Next Gateway::judge(std::size_t endpoint, Tried<Transport::Answer>& answer,
                             const Take& take, CallFailure& failure) {
  const auto failed = [&](Next next, Error error) {
    failure.error = at(endpoint, std::move(error));
    return next;
  };
  const auto unknown = [&](std::string why) {
    return failed(Next::go_on, {Errc::unavailable, 0, std::move(why)});
  };
  if (!answer) {
    auto& [error, next] = answer.error();
    // What has so large an answer may have been done.
    if (error.code == Errc::too_large) failure.may_be_done = true;
    return failed(next, std::move(error));
  }
  if (answer->status == 200) {
    const auto taken = take(answer->body);
    if (!taken) return unknown(not_an_answer);
    if (is_ours(endpoint, taken->cluster)) return Next::done;
    failure.may_be_done = failure.may_be_done || taken->changed;
    return failed(Next::refuse, foreign(endpoint));
  }
  const auto refusal = answer::read_refusal(answer->body);
  if (!refusal) {
    auto [error, next] = stranger(endpoint, *answer);
    return failed(next, std::move(error));
  }
  if (is_about_token(*refusal)) {
    return failed(Next::log_in, {Errc::unavailable, 0, shown(*refusal, login_)});
  }
  auto error = definite(*refusal, login_);
  if (!error || answer->status >= 500) return unknown(shown(*refusal, login_));
  failure.code = refusal->code;
  return failed(Next::refuse, std::move(*error));
}

Called<bool> Gateway::rotate(Clock::time_point deadline, const Attempt& attempt) {
  CallFailure failure{{Errc::unavailable, 0, "no time was left"}};
  Reasons reasons;
  std::set<std::size_t> not_asked;  // since the last one that may have done it
  bool logged_in_again = false;
  for (std::size_t attempts = 1;; ++attempts) {
    const auto endpoint = next_endpoint();
    if (is_foreign(endpoint)) {
      failure.error = at(endpoint, foreign(endpoint));
      return std::unexpected(std::move(failure));
    }
    const auto next = attempt(endpoint, failure);
    if (next == Next::done) return failure.may_be_done;
    if (next == Next::refuse) return std::unexpected(std::move(failure));
    if (next == Next::log_in) {
      forget_token(deadline);
      if (!logged_in_again && now() < deadline) {
        logged_in_again = true;
        continue;
      }
      failure.error.code = Errc::io;
      return std::unexpected(std::move(failure));
    }
    // What was cut short by the deadline tells less than what was before.
    const bool is_late = now() >= deadline;
    if (!is_late || !reasons.contains(endpoint)) reasons.insert_or_assign(endpoint, failure.error);
    if (next == Next::elsewhere) {
      not_asked.insert(endpoint);
    } else {
      not_asked.clear();
      failure.may_be_done = true;  // G3
    }
    move_on_from(endpoint);
    const bool nobody_is_left = std::ranges::all_of(
        std::views::iota(std::size_t{0}, endpoints_.size()),
        [&](auto other) { return is_foreign(other) || not_asked.contains(other); });
    if (is_late || nobody_is_left) {
      failure.error = {is_late ? Errc::unavailable : Errc::io, 0, all_of(reasons)};
      return std::unexpected(std::move(failure));
    }
    pause_after(attempts, deadline);
  }
}

Called<bool> Gateway::exchange(std::string_view path, std::string_view body,
                               Clock::time_point deadline, const Take& take) {
  return rotate(deadline, [&](std::size_t endpoint, CallFailure& failure) {
    auto answer = post(endpoint, path, body, deadline);  // G1
    return judge(endpoint, answer, take, failure);       // G2
  });
}

Called<answer::Txn> Gateway::transact(std::string_view body) {
  std::optional<answer::Txn> answer;
  const auto take = [&](std::string& text) -> std::optional<Taken> {
    answer = answer::read_txn(text);
    if (!answer) return std::nullopt;
    return Taken{answer->cluster, answer->succeeded};
  };
  const auto done = exchange(request::path::txn, body, now() + timing_.overall, take);
  if (!done) return std::unexpected(done.error());
  answer->repeated = *done;
  return std::move(*answer);
}

Gateway::Next Gateway::try_watch(Transport::Stream& stream, std::size_t endpoint,
                                 std::string_view body, Clock::time_point deadline,
                                 answer::Watched& watched, CallFailure& failure) {
  const auto failed = [&](Next next, Error error) {
    stream.stop();
    failure.error = at(endpoint, std::move(error));
    return next;
  };
  const auto unknown = [&](std::string why) {
    return failed(Next::go_on, {Errc::unavailable, 0, std::move(why)});
  };
  auto held = token(endpoint, deadline);
  if (!held) return failed(held.error().next, std::move(held.error().error));
  stream.start(endpoint, {request::path::watch, body, *held, timing_.attempt});
  auto line = stream.next_line(deadline);
  if (!line) {
    // Also if it is the token that is not known: the next attempt has another.
    if (stream.status() != 0 && stream.status() != 200) forget_token(deadline);
    return failed(next_after(line.error()), std::move(line.error()));
  }
  if (!*line) return unknown("no answer in time");
  auto read = answer::read_watched(**line);
  if (!read) return unknown(not_an_answer);
  if (read->failed) return unknown(one_line(read->why));
  if (!is_ours(endpoint, read->cluster)) return failed(Next::refuse, foreign(endpoint));
  // One that was compacted away is the caller's affair.
  if (read->canceled && read->compacted == 0) {
    if (is_about_token(read->why)) forget_token(deadline);
    if (!read->why.contains("permission denied")) return unknown(one_line(read->why));
    return failed(Next::refuse, denied(read->why, login_));
  }
  watched = std::move(*read);
  return Next::done;
}

Called<answer::Watched> Gateway::open_watch(Transport::Stream& stream, std::string_view key,
                                            std::string_view end, std::int64_t revision,
                                            Clock::time_point deadline) {
  const auto body = request::watch(key, end, revision);
  answer::Watched watched;
  auto done = rotate(deadline, [&](std::size_t endpoint, CallFailure& failure) {
    const auto until = std::min(deadline, now() + timing_.attempt);
    return try_watch(stream, endpoint, body, until, watched, failure);
  });
  if (!done) return std::unexpected(std::move(done.error()));
  return watched;
}

}  // namespace latchfile
