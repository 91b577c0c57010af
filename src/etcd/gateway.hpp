// SPDX-License-Identifier: Apache-2.0
//
// Gateway: calls of etcd, each tried at one endpoint after the other until there is a definite
// answer or the time is up.
//
//   G1  send the request to the current endpoint, until it is silent for a second or two, or drips:
//       a large answer takes its time on a slow network
//   G2  200 with a body that is an answer: done. A definite refusal: done as well. A token that is
//       not known any more: log in again, once. Who has the wrong certificate, or no such page and
//       was never an etcd, has done nothing: the next endpoint, and the answer once all are so
//   G3  everything else is unknown, for the request may have been carried out: the same request
//       once more, to the next endpoint
//
// All answers are of one cluster, the one of the first: that of another is no answer but an error,
// and its endpoint is not asked again.
//
// So whatever is sent here must come to the same if it is sent twice: see etcd_lock.hpp.
//
// Threads: any number at once. Processes: a forked child has connections and a token of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "etcd/answers.hpp"
#include "etcd/per_process.hpp"
#include "etcd/refusals.hpp"
#include "etcd/transport.hpp"
#include "posix/kernel.hpp"

namespace latchfile {

/// How a call failed.
struct CallFailure {
  Error error;
  std::int64_t code = 0;  ///< of gRPC, if etcd refused
  /// An attempt had an unknown outcome: what was asked for may have been done, or may yet be.
  bool may_be_done = false;

  static constexpr std::int64_t compacted = 11;  ///< OUT_OF_RANGE
  static constexpr std::int64_t absent = 5;      ///< NOT_FOUND: of leases
};
template <class T>
using Called = std::expected<T, CallFailure>;

class Gateway {
 public:
  using Clock = Transport::Clock;

  struct Timing {
    std::chrono::milliseconds attempt{1500};  ///< of silence, after which it is given up
    std::chrono::milliseconds overall{15000};
    std::chrono::milliseconds pause{50};  ///< after each endpoint has failed once
  };

  /// `endpoints` are their names in messages.
  Gateway(Kernel& kernel, std::unique_ptr<Transport> transport, std::vector<std::string> endpoints,
          Login login, Timing timing);

  /// The answer that `read` understands: one of the functions of answers.hpp.
  template <class Read>
  [[nodiscard]] auto call(std::string_view path, std::string_view body, Read read) {
    return call_until(now() + timing_.overall, path, body, read);
  }
  template <class Read>
  [[nodiscard]] auto call_until(Clock::time_point deadline, std::string_view path,
                                std::string_view body, Read read) {
    using Answer = decltype(read(std::declval<std::string&>()));
    Answer answer{};
    auto done = exchange(path, body, deadline, [&](std::string& text) -> std::optional<Taken> {
      answer = read(text);
      if (!answer) return std::nullopt;
      return Taken{answer->cluster};
    });
    using Value = Called<std::remove_reference_t<decltype(*answer)>>;
    return done ? Value(std::move(*answer)) : Value(std::unexpected(std::move(done.error())));
  }

  /// A transaction. `repeated` of the answer tells of an attempt before it whose outcome nobody
  /// knows.
  [[nodiscard]] Called<answer::Txn> transact(std::string_view body);

  /// One attempt at the current endpoint, for no longer than `limit`; if it fails the next call
  /// goes to the next endpoint.
  template <class Read>
  [[nodiscard]] auto attempt(std::chrono::milliseconds limit, std::string_view path,
                             std::string_view body, Read read)
      -> decltype(read(std::declval<std::string&>())) {
    const auto at = next_endpoint();
    if (is_foreign(at)) return {};
    const auto deadline = now() + limit;
    auto answer = post(at, path, body, deadline);
    if (answer && answer->status == 200) {
      auto value = read(answer->body);
      if (value && is_ours(at, value->cluster)) return value;
    }
    // Perhaps what it did not like is the token, which does not outlive the member that gave it.
    if (answer) forget_token(deadline);
    move_on_from(at);
    return {};
  }

  /// Opens a watch from `revision` on in `stream`; its first line, which says that it is there or
  /// that the revision was compacted away, has been read. Errors: unavailable until `deadline`, and
  /// what etcd refuses.
  [[nodiscard]] Called<answer::Watched> open_watch(Transport::Stream& stream, std::string_view key,
                                                   std::string_view end, std::int64_t revision,
                                                   Clock::time_point deadline);

  [[nodiscard]] Transport& transport() { return *transport_; }
  [[nodiscard]] const Timing& timing() const { return timing_; }
  [[nodiscard]] Kernel& kernel() const { return kernel_; }
  [[nodiscard]] Clock::time_point now() const { return kernel_.now(); }

 private:
  struct Token {
    std::timed_mutex mutex;  ///< held while somebody logs in
    std::string text;
  };
  /// What to do after an attempt.
  enum class Next {
    done,
    refuse,     ///< it would come to the same everywhere
    log_in,     ///< and try again
    elsewhere,  ///< this endpoint cannot be asked, or is no etcd
    go_on,      ///< nobody knows what became of it
  };
  struct Failed {
    Error error;
    Next next;
  };
  template <class T>
  using Tried = std::expected<T, Failed>;
  /// An answer that was understood.
  struct Taken {
    std::uint64_t cluster;
    bool changed = true;  ///< what was asked for was done
  };
  using Take = std::function<std::optional<Taken>(std::string&)>;
  /// Fills the failure unless it is Next::done.
  using Attempt = std::function<Next(std::size_t endpoint, CallFailure& failure)>;

  /// Whether it was tried before, with an outcome that is not known.
  [[nodiscard]] Called<bool> rotate(Clock::time_point deadline, const Attempt& attempt);
  [[nodiscard]] Called<bool> exchange(std::string_view path, std::string_view body,
                                      Clock::time_point deadline, const Take& take);
  [[nodiscard]] Tried<Transport::Answer> post(std::size_t endpoint, std::string_view path,
                                              std::string_view body, Clock::time_point deadline);
  [[nodiscard]] Tried<std::string> token(std::size_t endpoint, Clock::time_point deadline);
  void forget_token(Clock::time_point deadline);
  [[nodiscard]] static Next next_after(const Error& error);
  [[nodiscard]] Failed stranger(std::size_t endpoint, const Transport::Answer& answer) const;
  [[nodiscard]] Next judge(std::size_t endpoint, Tried<Transport::Answer>& answer, const Take& take,
                           CallFailure& failure);
  [[nodiscard]] Next try_watch(Transport::Stream& stream, std::size_t endpoint,
                               std::string_view body, Clock::time_point deadline,
                               answer::Watched& watched, CallFailure& failure);
  /// The current one, or the next that is not known to be foreign; if all are, the current one.
  [[nodiscard]] std::size_t next_endpoint() const;
  [[nodiscard]] bool is_foreign(std::size_t endpoint) const;
  /// Notes of which cluster an endpoint is.
  [[nodiscard]] bool is_ours(std::size_t endpoint, std::uint64_t cluster);
  [[nodiscard]] Error foreign(std::size_t endpoint) const;
  void move_on_from(std::size_t endpoint);
  /// Sleeps for a moment if all endpoints have been tried by then.
  void pause_after(std::size_t attempts, Clock::time_point deadline) const;
  [[nodiscard]] Error at(std::size_t endpoint, Error error) const;

  Kernel& kernel_;
  const std::unique_ptr<Transport> transport_;
  const std::vector<std::string> endpoints_;
  const Login login_;
  const Timing timing_;
  std::atomic<std::size_t> current_ = 0;
  std::atomic<std::uint64_t> cluster_ = 0;              ///< ours; 0: not known yet
  std::vector<std::atomic<std::uint64_t>> cluster_of_;  ///< of each endpoint
  PerProcess<Token> token_;
};

}  // namespace latchfile
