// SPDX-License-Identifier: Apache-2.0
#include "etcd/lease.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <system_error>

#include "etcd/per_process.hpp"
#include "etcd/requests.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile {
namespace {

/// How long the release of a lock may take, if etcd does not answer.
constexpr auto patience_to_revoke = std::chrono::seconds(2);

/// Not in whole seconds: a third of two would be none.
std::chrono::milliseconds part_of_ttl(const Lease& lease, int parts) {
  return std::chrono::milliseconds(lease.ttl()) / parts;
}

bool keep_alive(const std::vector<std::shared_ptr<Lease>>& leases,
                std::chrono::milliseconds limit) {
  std::vector<std::int64_t> ids;
  ids.reserve(leases.size());
  for (const auto& lease : leases)
    ids.push_back(lease->id());
  auto& gateway = leases.front()->gateway();
  const auto sent = gateway.now();
  const auto answer = gateway.attempt(limit, request::path::keepalive, request::keepalive(ids),
                                      answer::read_keepalives);
  if (!answer) return false;
  for (const auto& lease : leases) {
    const auto found = answer->ttl_of.find(lease->id());
    if (found == answer->ttl_of.end()) continue;
    if (found->second > 0) {
      lease->renew(sent, gateway.now());
    } else {
      lease->lose();
    }
  }
  return true;
}

}  // namespace

Called<std::shared_ptr<Lease>> Lease::grant(std::shared_ptr<Gateway> gateway,
                                            std::chrono::seconds ttl) {
  const auto sent = gateway->now();
  const auto granted =
      gateway->call(request::path::grant, request::grant(ttl.count()), answer::read_grant);
  if (!granted) return std::unexpected(granted.error());
  return std::make_shared<Lease>(std::move(gateway), granted->id, ttl, sent);
}

bool Lease::is_lost(Clock::time_point now) {
  auto until = good_until_.load();
  while (until != lost) {
    if (now < until) return false;
    if (good_until_.compare_exchange_weak(until, lost)) return true;
  }
  return true;
}

void Lease::renew(Clock::time_point sent, Clock::time_point now) {
  auto until = good_until_.load();
  while (!good_until_.compare_exchange_weak(until, now < until ? sent + ttl_ : lost)) {
  }
}

void Lease::revoke() const {
  // What comes of it makes no difference: of a lease that is gone it is refused.
  static_cast<void>(gateway_->call_until(gateway_->now() + patience_to_revoke,
                                         request::path::revoke, request::revoke(id_),
                                         answer::read_any));
}

Keeper& Keeper::of_this_process(Kernel& kernel) {
  // Outlives guards in static variables. Its thread ends before libraries that it uses do.
  static auto* const keepers = [&kernel] {
    auto* made = new PerProcess<Keeper>(kernel);
    std::atexit([] { of_this_process(real_kernel()).stop(); });
    return made;
  }();
  return keepers->get();
}

bool Keeper::keep(std::shared_ptr<Lease> lease) {
  const auto now = lease->gateway().now();
  const std::scoped_lock guard(mutex_);
  if (!thread_.joinable() && !stopping_) {
    if (!start()) return false;
  }
  const auto due = now + part_of_ttl(*lease, 3);
  kept_.push_back({std::move(lease), due});
  changed_.notify_one();
  return true;
}

bool Keeper::start() {
  // Signals are for the threads of the program.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = true;
  try {
    thread_ = std::thread([this] { work(); });
  } catch (const std::system_error&) {
    started = false;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

void Keeper::let_go(const Lease& lease) {
  const std::scoped_lock guard(mutex_);
  std::erase_if(kept_, [&](const Kept& each) { return each.lease.get() == &lease; });
}

void Keeper::stop() {
  {
    const std::scoped_lock guard(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

std::vector<std::shared_ptr<Lease>> Keeper::take_due(Lease::Clock::time_point now) {
  std::erase_if(kept_, [&](const Kept& each) { return each.lease->is_lost(now); });
  std::vector<std::shared_ptr<Lease>> due;
  const auto first = std::ranges::min_element(kept_, {}, &Kept::due);
  if (first == kept_.end() || first->due > now) return due;
  for (const auto& each : kept_) {
    const bool is_soon = each.due <= now + part_of_ttl(*each.lease, 6);
    if (is_soon && &each.lease->gateway() == &first->lease->gateway()) due.push_back(each.lease);
  }
  return due;
}

std::chrono::milliseconds Keeper::limit_for(const Lease& lease,
                                            Lease::Clock::time_point now) const {
  // An etcd that answers is not to fail for the sake of others.
  constexpr std::chrono::milliseconds least{100};
  auto limit = std::min(lease.gateway().timing().attempt, part_of_ttl(lease, 4));
  for (const auto& each : kept_) {
    if (&each.lease->gateway() == &lease.gateway()) continue;
    const auto left = each.lease->good_until() - now;
    limit = std::min(limit, std::chrono::ceil<std::chrono::milliseconds>(left / 2));
  }
  return std::max(limit, least);
}

void Keeper::note(const std::vector<std::shared_ptr<Lease>>& leases, bool kept,
                  Lease::Clock::time_point sent) {
  for (auto& each : kept_) {
    if (std::ranges::find(leases, each.lease) == leases.end()) continue;
    each.due = kept ? sent + part_of_ttl(*each.lease, 3)
                    : each.lease->gateway().now() + part_of_ttl(*each.lease, 20);
  }
}

void Keeper::work() {
  std::unique_lock guard(mutex_);
  while (!stopping_) {
    if (kept_.empty()) {
      changed_.wait(guard);
      continue;
    }
    const auto now = Lease::Clock::now();
    const auto leases = take_due(now);
    if (kept_.empty()) continue;
    if (leases.empty()) {
      // A copy: another thread may let go of it meanwhile.
      const auto until = std::ranges::min_element(kept_, {}, &Kept::due)->due;
      changed_.wait_until(guard, until);
      continue;
    }
    const auto limit = limit_for(*leases.front(), now);
    guard.unlock();
    const bool kept = keep_alive(leases, limit);
    guard.lock();
    note(leases, kept, now);
  }
}

}  // namespace latchfile
