// SPDX-License-Identifier: Apache-2.0
//
// E1 to E4 of etcd_lock.hpp.
#include <algorithm>
#include <thread>

#include "etcd/envelope.hpp"
#include "etcd/etcd_lock.hpp"
#include "etcd/owner.hpp"
#include "etcd/requests.hpp"
#include "posix/deadline.hpp"

namespace latchfile {
namespace {

/// How often others may be faster before never() calls the lock busy.
constexpr int most_rounds = 1000;

class Acquisition {
 public:
  using Goal = EtcdLock::Goal;

  Acquisition(std::shared_ptr<const EtcdSite> site, const ContainerId& id, Goal goal, Wait wait)
      : site_(std::move(site)),
        id_(id),
        goal_(goal),
        wait_(wait),
        deadline_(deadline_of(site_->kernel(), wait)) {}

  [[nodiscard]] Result<EtcdLock::Acquired> run();

 private:
  /// Nothing if somebody else was faster.
  [[nodiscard]] Result<std::optional<EtcdLock::Acquired>> take();
  [[nodiscard]] Result<EtcdLock::Acquired> hold(std::shared_ptr<Lease> lease, std::string nonce,
                                                std::int64_t created,
                                                std::optional<answer::KeyValue> state) const;
  /// Comes back when it is time to look again.
  [[nodiscard]] Result<> wait_for_release(const View& busy) const;
  /// False if the time is up.
  [[nodiscard]] Result<bool> watch_release(const View& busy) const;
  [[nodiscard]] std::unexpected<Error> busy(Errc code, const std::string& holder) const;

  const std::shared_ptr<const EtcdSite> site_;
  const ContainerId id_;
  const Goal goal_;
  const Wait wait_;
  const Gateway::Clock::time_point deadline_;
};

std::unexpected<Error> Acquisition::busy(Errc code, const std::string& holder) const {
  return std::unexpected(Error{
      code, 0,
      "its lock in " + site_->root + " is " + (code == Errc::timed_out ? "still " : "") + holder});
}

Result<EtcdLock::Acquired> Acquisition::run() {
  for (int round = 1;; ++round) {
    auto view = look_at(*site_, id_);  // E1
    if (!view) return std::unexpected(std::move(view.error().error));
    if (goal_ == Goal::state && !view->state) {
      return std::unexpected(Error{Errc::not_found, 0, {}});
    }
    if (view->lock) {
      if (auto waited = wait_for_release(*view); !waited) {  // E2
        return std::unexpected(std::move(waited.error()));
      }
      continue;
    }
    if (goal_ == Goal::vacancy && view->state) {
      return std::unexpected(Error{Errc::already_exists, 0, "it already exists in " + site_->root});
    }
    auto taken = take();
    if (!taken) return std::unexpected(std::move(taken.error()));
    if (*taken) return std::move(**taken);
    if (wait_.is_never() && round >= most_rounds) {
      return busy(Errc::locked, "taken and released without end by others");
    }
  }
}

Result<std::optional<EtcdLock::Acquired>> Acquisition::take() {
  auto granted = Lease::grant(site_->gateway, site_->ttl);  // E3
  if (!granted) return std::unexpected(std::move(granted.error().error));
  const auto lease = std::move(*granted);
  auto nonce = envelope::new_id();
  const auto state_key = site_->keys.state(id_);
  const auto lock_key = site_->keys.lock(id_);
  request::Txn request;  // E4
  if (goal_ == Goal::state) {
    request.if_present(state_key);
  } else {
    request.if_absent(state_key);
  }
  request.if_absent(lock_key)
      .then_get(state_key)
      .then_put_until(lock_key, owner::describe(site_->kernel(), nonce), lease->id())
      .else_get(state_key)
      .else_get(lock_key);
  auto txn = site_->gateway->transact(request.body());
  const auto give_up = [&]() -> std::optional<EtcdLock::Acquired> {
    lease->revoke();
    return std::nullopt;
  };
  if (!txn) {
    give_up();
    // The lease was gone before it was used.
    if (txn.error().code == CallFailure::absent) return std::nullopt;
    return std::unexpected(std::move(txn.error().error));
  }
  auto view = view_of(*txn);
  const bool was_ours = !txn->succeeded && view.lock && owner::nonce_of(view.lock->value) == nonce;
  if (!txn->succeeded && !was_ours) return give_up();
  const auto created = txn->succeeded ? txn->revision : view.lock->created;
  auto held = hold(lease, std::move(nonce), created, std::move(view.state));
  if (!held) return std::unexpected(std::move(held.error()));
  return std::optional(std::move(*held));
}

Result<EtcdLock::Acquired> Acquisition::hold(std::shared_ptr<Lease> lease, std::string nonce,
                                             std::int64_t created,
                                             std::optional<answer::KeyValue> state) const {
  if (!Keeper::of_this_process(site_->kernel()).keep(lease)) {
    lease->revoke();
    return std::unexpected(
        Error{Errc::unavailable, 0, "no thread could be started to keep the lock"});
  }
  auto lock = std::make_unique<EtcdLock>(site_, id_, std::move(lease), std::move(nonce), created,
                                         state ? state->modified : 0);
  return EtcdLock::Acquired{std::move(lock), state ? std::move(state->value) : std::string()};
}

Result<> Acquisition::wait_for_release(const View& view) const {
  const auto holder = owner::holder_of(view.lock->value);
  auto& kernel = site_->kernel();
  if (owner::is_held_by_this_thread(kernel, owner::nonce_of(view.lock->value))) {
    return std::unexpected(
        Error{Errc::deadlock, 0, "its lock in " + site_->root + " is already held by this thread"});
  }
  if (wait_.is_never()) return busy(Errc::locked, holder);
  if (kernel.now() >= deadline_) return busy(Errc::timed_out, holder);
  const auto released = watch_release(view);
  if (!released) return std::unexpected(released.error());
  if (!*released) return busy(Errc::timed_out, holder);
  return {};
}

Result<bool> Acquisition::watch_release(const View& view) const {
  auto& gateway = *site_->gateway;
  const auto stream = gateway.transport().new_stream();
  if (!stream) return std::unexpected(stream.error());
  const auto until = std::min(deadline_, gateway.now() + gateway.timing().overall);
  auto opened = gateway.open_watch(**stream, site_->keys.lock(id_), {}, view.revision + 1, until);
  if (!opened) {
    if (gateway.now() >= deadline_) return false;
    return std::unexpected(std::move(opened.error().error));
  }
  auto watched = std::move(*opened);
  while (!watched.canceled && !watched.failed) {
    if (std::ranges::any_of(watched.changes, &answer::Watched::Change::deleted)) return true;
    auto line = (*stream)->next_line(deadline_);
    if (line && !*line) return false;
    auto next = line ? answer::read_watched(**line) : std::nullopt;
    if (!next) break;
    watched = std::move(*next);
  }
  // The stream has ended and the lock perhaps not. Looking again says so; not at once, lest streams
  // that end at once keep everybody busy.
  std::this_thread::sleep_until(std::min(deadline_, gateway.now() + gateway.timing().pause));
  return true;
}

}  // namespace

Result<EtcdLock::Acquired> EtcdLock::acquire(std::shared_ptr<const EtcdSite> site,
                                             const ContainerId& id, Goal goal, Wait wait) {
  return Acquisition(std::move(site), id, goal, wait).run();
}

}  // namespace latchfile
