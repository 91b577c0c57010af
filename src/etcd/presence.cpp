// SPDX-License-Identifier: Apache-2.0
#include "etcd/presence.hpp"

#include <algorithm>
#include <cerrno>

#include "etcd/contact.hpp"
#include "etcd/envelope.hpp"
#include "etcd/owner.hpp"

namespace latchfile {
namespace {

/// More than these cannot be told apart any more; the lease is over long before.
constexpr std::size_t most_unknown = 256;

std::string contact_of_now(const EtcdSite& site, std::string_view write_id) {
  return contact::describe(site.kernel().utc(), write_id);
}

}  // namespace

Result<std::unique_ptr<Presence>> Presence::take(std::shared_ptr<const EtcdSite> site,
                                                 std::string_view self) {
  const auto granted = Lease::grant(site->gateway, site->ttl);
  if (!granted) return std::unexpected(granted.error().error);
  const auto& lease = *granted;
  const auto nonce = std::string(self) + envelope::new_id();
  auto txn = site->gateway->transact(
      request::Txn()  // M1
          .if_absent(site->keys.alive())
          .then_put_until(site->keys.alive(), owner::describe(site->kernel(), nonce), lease->id())
          .then_put(site->keys.contact(), contact_of_now(*site, nonce))
          .else_get(site->keys.contact())
          .else_get(site->keys.alive())
          .body());
  const auto fail = [&](Error error) {
    lease->revoke();
    return std::unexpected(std::move(error));
  };
  if (!txn) {
    // The lease was gone before it was used.
    if (txn.error().code == CallFailure::absent) txn.error().error.code = Errc::unavailable;
    return fail(std::move(txn.error().error));
  }
  auto view = view_of(*txn);
  const auto holder = view.lock ? owner::nonce_of(view.lock->value) : std::string();
  if (!txn->succeeded && holder != nonce) {
    if (!view.lock || holder.starts_with(self)) {
      return fail({Errc::unavailable, 0, "the lease that was held before is not over yet"});
    }
    return fail({Errc::locked, 0, site->root + " is " + owner::holder_of(view.lock->value)});
  }
  if (!Keeper::of_this_process(site->kernel()).keep(lease)) {
    return fail({Errc::unavailable, 0, "no thread could be started to keep the lease"});
  }
  const auto created = txn->succeeded ? txn->revision : view.lock->created;
  return std::make_unique<Presence>(std::move(site), lease, created);
}

Presence::Presence(std::shared_ptr<const EtcdSite> site, std::shared_ptr<Lease> lease,
                   std::int64_t created)
    : site_(std::move(site)), lease_(std::move(lease)), created_(created), modified_(created) {}

Presence::~Presence() {
  Keeper::of_this_process(site_->kernel()).let_go(*lease_);
  lease_->revoke();  // M3
}

std::unexpected<Error> Presence::lost() {
  lease_->lose();
  return std::unexpected(Error{Errc::lock_lost, 0, "the lease in " + site_->root + " is over"});
}

bool Presence::was_written(std::string_view id, CallFailure& refused) {
  auto seen = site_->gateway->transact(request::Txn().then_get(site_->keys.contact()).body());
  if (!seen) {
    refused.may_be_done = true;
    return false;
  }
  const auto view = view_of(*seen);
  const auto last = view.state ? contact::read(view.state->value) : std::nullopt;
  if (!last || last->write != id) return false;
  modified_ = view.state->modified;
  unknown_.clear();
  return true;
}

Result<> Presence::write(const request::Txn& changes) {
  if (is_lost()) return lost();
  // A second round if this one finds out that the write before was carried out.
  for (;;) {
    const auto id = envelope::new_id();
    auto request = changes;
    request
        .if_created_at(site_->keys.alive(), created_)  // M2
        .if_modified_at(site_->keys.contact(), modified_)
        .then_put(site_->keys.contact(), contact_of_now(*site_, id))
        .else_get(site_->keys.contact())
        .else_get(site_->keys.alive());
    auto txn = site_->gateway->transact(request.body());
    if (!txn) {
      auto& failure = txn.error();
      // An etcd that is full says so before it carries a request out, or after.
      if (failure.error.sys_errno == ENOSPC && was_written(id, failure)) return {};
      if (failure.may_be_done) {
        if (unknown_.size() == most_unknown) unknown_.erase(unknown_.begin());
        unknown_.push_back(id);
      }
      return std::unexpected(std::move(failure.error));
    }
    if (txn->succeeded) {
      modified_ = txn->revision;
      unknown_.clear();
      return {};
    }
    auto view = view_of(*txn);
    const bool is_ours = view.lock && view.lock->created == created_;
    if (!is_ours || !view.state) return lost();
    const auto last = contact::read(view.state->value);
    const bool was_this = last && last->write == id;
    const auto known = last ? std::ranges::find(unknown_, last->write) : unknown_.end();
    if (!was_this && known == unknown_.end()) return lost();
    // Those before it can come no more: M has changed.
    modified_ = view.state->modified;
    if (was_this) {
      unknown_.clear();
      return {};
    }
    unknown_.erase(unknown_.begin(), known + 1);
  }
}

}  // namespace latchfile
