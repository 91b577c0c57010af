// SPDX-License-Identifier: Apache-2.0
//
// Lease: what a lock key lives on. A lock has one of its own, so that releasing it is one call,
// after which no request that is still on its way can bring the key back.
//
// Keeper: one thread for all leases of the process. It sends one request for all of a store, three
// times in each time to live, and notes when it sent what etcd confirmed. A lock counts as lost at
// that time plus the time to live, by our clock and whatever etcd says: a leader that has lost its
// quorum still confirms.
//
// Threads: any number at once. Processes: a forked child keeps none of its parent's.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "etcd/gateway.hpp"

namespace latchfile {

class Lease {
 public:
  using Clock = Gateway::Clock;

  /// A new one. Errors: as Gateway::call.
  [[nodiscard]] static Called<std::shared_ptr<Lease>> grant(std::shared_ptr<Gateway> gateway,
                                                            std::chrono::seconds ttl);

  Lease(std::shared_ptr<Gateway> gateway, std::int64_t id, std::chrono::seconds ttl,
        Clock::time_point sent)
      : gateway_(std::move(gateway)), id_(id), ttl_(ttl), good_until_(sent + ttl) {}

  [[nodiscard]] std::int64_t id() const { return id_; }
  [[nodiscard]] std::chrono::seconds ttl() const { return ttl_; }
  [[nodiscard]] Gateway& gateway() const { return *gateway_; }

  /// Of the last keepalive that was confirmed; long ago once it is lost.
  [[nodiscard]] Clock::time_point good_until() const { return good_until_; }
  /// Once it is, it stays so, though etcd may yet confirm it.
  [[nodiscard]] bool is_lost(Clock::time_point now);
  /// A keepalive of `sent` is confirmed `now`, which may be too late.
  void renew(Clock::time_point sent, Clock::time_point now);
  void lose() { good_until_ = lost; }

  /// Ends it, and with it whatever lives on it. If etcd cannot be reached just now, the time to
  /// live does the same.
  void revoke() const;

 private:
  const std::shared_ptr<Gateway> gateway_;
  const std::int64_t id_;
  const std::chrono::seconds ttl_;
  static constexpr auto lost = Clock::time_point::min();
  std::atomic<Clock::time_point> good_until_;
};

class Keeper {
 public:
  [[nodiscard]] static Keeper& of_this_process(Kernel& kernel);

  Keeper() = default;
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  ~Keeper() { stop(); }

  /// False if there is no thread to be had.
  [[nodiscard]] bool keep(std::shared_ptr<Lease> lease);
  void let_go(const Lease& lease);

 private:
  struct Kept {
    std::shared_ptr<Lease> lease;
    Lease::Clock::time_point due;
  };

  /// False if there is no thread to be had.
  [[nodiscard]] bool start();
  void stop();
  void work();
  /// Those of one store that are due soon, if any is due now. What is lost is kept no longer.
  [[nodiscard]] std::vector<std::shared_ptr<Lease>> take_due(Lease::Clock::time_point now);
  /// How long an answer may be waited for: of the time that the leases of other stores have left,
  /// half at most.
  [[nodiscard]] std::chrono::milliseconds limit_for(const Lease& lease,
                                                    Lease::Clock::time_point now) const;
  void note(const std::vector<std::shared_ptr<Lease>>& leases, bool kept,
            Lease::Clock::time_point sent);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Kept> kept_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace latchfile
