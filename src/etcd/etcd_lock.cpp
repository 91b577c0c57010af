// SPDX-License-Identifier: Apache-2.0
#include "etcd/etcd_lock.hpp"

#include <algorithm>
#include <cerrno>

#include "etcd/envelope.hpp"
#include "etcd/owner.hpp"
#include "etcd/requests.hpp"

namespace latchfile {
namespace {

/// More than these cannot be told apart any more: enough for an hour without an answer.
constexpr std::size_t most_unknown = 256;

/// The id of the save that wrote the state; empty if there is none.
std::string_view save_id_in(const View& view) {
  if (!view.state) return {};
  const auto parts = envelope::unseal(view.state->value);
  return parts ? parts->save_id : std::string_view();
}

std::int64_t modified_in(const View& view) { return view.state ? view.state->modified : 0; }

}  // namespace

EtcdLock::EtcdLock(std::shared_ptr<const EtcdSite> site, ContainerId id,
                   std::shared_ptr<Lease> lease, std::string nonce, std::int64_t created,
                   std::int64_t modified)
    : site_(std::move(site)),
      id_(std::move(id)),
      lease_(std::move(lease)),
      nonce_(std::move(nonce)),
      owner_(site_->kernel().getpid()),
      created_(created),
      modified_(modified) {
  owner::note_taken(site_->kernel(), nonce_, lease_);
}

EtcdLock::~EtcdLock() {
  auto& kernel = site_->kernel();
  if (kernel.getpid() != owner_) return;
  owner::note_released(kernel, nonce_);
  Keeper::of_this_process(kernel).let_go(*lease_);
  lease_->revoke();  // E7
}

Error EtcdLock::lost(std::string_view operation, std::string_view why) const {
  return in_operation(
      operation, id_,
      {Errc::lock_lost, 0, "the lock in " + site_->root + " is lost: " + std::string(why)});
}

Result<> EtcdLock::still_held(std::string_view operation) const {
  auto& kernel = site_->kernel();
  if (kernel.getpid() != owner_) {
    return std::unexpected(lost(operation, "it belongs to the process that took it before a fork"));
  }
  if (lease_->is_lost(kernel.now())) {
    return std::unexpected(lost(operation, "etcd has confirmed it for the last time more than " +
                                               std::to_string(lease_->ttl().count()) +
                                               " s ago; take it again"));
  }
  return {};
}

bool EtcdLock::has_lock_of(const View& view) const {
  return view.lock && view.lock->created == created_;
}

bool EtcdLock::has_living_lease() const {
  const auto proof =
      site_->gateway->transact(request::Txn()  // E8
                                   .then_put_until(site_->keys.proof(nonce_), "", lease_->id())
                                   .body());
  return proof && proof->succeeded;
}

Result<> EtcdLock::save(const Document& document) {
  if (auto held = still_held("save"); !held) return held;
  const auto state_key = site_->keys.state(id_);
  const auto lock_key = site_->keys.lock(id_);
  const auto save_id = envelope::new_id();
  const auto value = envelope::seal(save_id, document.bytes());
  // A second round for each save whose outcome this one finds out.
  for (;;) {
    auto txn = site_->gateway->transact(request::Txn()  // E5
                                            .if_created_at(lock_key, created_)
                                            .if_modified_at(state_key, modified_)
                                            .then_put(state_key, value)
                                            .else_get(state_key)
                                            .else_get(lock_key)
                                            .body());
    if (!txn) return save_failed(txn.error(), save_id);
    if (txn->succeeded) {
      modified_ = txn->revision;
      unknown_.clear();
      return {};
    }
    const auto view = view_of(*txn);
    if (save_id_in(view) == save_id) {  // an attempt without an answer did it
      modified_ = modified_in(view);
      unknown_.clear();
      return {};
    }
    if (!has_lock_of(view)) {
      // If the state is not as we left it, an attempt without an answer may have been before
      // whoever has changed it since. One that is absent may be so again.
      const bool untouched = modified_in(view) == modified_ && modified_ != 0;
      if (txn->repeated && !untouched) {
        return std::unexpected(in_operation(
            "save", id_,
            {Errc::commit_unknown, 0,
             "the lock is lost, and others have changed the state since: it may have been saved "
             "before"}));
      }
      return std::unexpected(lost("save", "somebody ended it, or its lease"));
    }
    const auto earlier = std::ranges::find(unknown_, save_id_in(view));
    if (earlier == unknown_.end()) {
      return std::unexpected(lost("save", "somebody changed the state who did not hold it"));
    }
    // Those before it can come no more: M has changed.
    modified_ = modified_in(view);
    unknown_.erase(unknown_.begin(), earlier + 1);
  }
}

Result<> EtcdLock::save_failed(const CallFailure& failure, const std::string& save_id) {
  // An etcd that is full says so before it carries a request out, or after.
  const bool is_full = failure.error.sys_errno == ENOSPC;
  if (!failure.may_be_done && !is_full) {
    return std::unexpected(in_operation("save", id_, failure.error));
  }
  if (failure.error.code != Errc::unavailable) {
    // This attempt was refused. What became of it, or of those before it, may be there to be read.
    const auto view = look_at(*site_, id_);
    if (view && save_id_in(*view) == save_id) {
      modified_ = modified_in(*view);
      unknown_.clear();
      return {};
    }
    if (view && !failure.may_be_done) {
      return std::unexpected(in_operation("save", id_, failure.error));
    }
  }
  if (unknown_.size() == most_unknown) unknown_.erase(unknown_.begin());
  unknown_.push_back(save_id);
  return std::unexpected(
      in_operation("save", id_,
                   {Errc::commit_unknown, 0,
                    "it may have been saved or may yet be: " + failure.error.message()}));
}

Result<> EtcdLock::destroy() {
  if (auto held = still_held("destroy"); !held) return held;
  const auto state_key = site_->keys.state(id_);
  const auto lock_key = site_->keys.lock(id_);
  const auto failed = [&](Error error) {
    return std::unexpected(in_operation("destroy", id_, std::move(error)));
  };
  for (;;) {
    auto txn = site_->gateway->transact(request::Txn()  // E6
                                            .if_created_at(lock_key, created_)
                                            .if_modified_at(state_key, modified_)
                                            .then_delete(state_key)
                                            .then_delete(lock_key)
                                            .else_get(state_key)
                                            .else_get(lock_key)
                                            .body());
    if (!txn) {
      if (!txn.error().may_be_done) return failed(std::move(txn.error().error));
      return failed({Errc::commit_unknown, 0,
                     "it may have been removed or may yet be: " + txn.error().error.message()});
    }
    if (txn->succeeded) return {};
    const auto view = view_of(*txn);
    if (!has_lock_of(view)) {
      const bool untouched = modified_in(view) == modified_;
      // While the lease lives, only a request of ours that nobody answered can have done that.
      if (!untouched && (txn->repeated || !view.state) && has_living_lease()) return {};
      if (untouched || !txn->repeated) {
        return std::unexpected(lost("destroy", "somebody ended it, or its lease"));
      }
      return failed({Errc::commit_unknown, 0,
                     "the lock is lost, and the state was removed or changed since"});
    }
    const auto earlier = std::ranges::find(unknown_, save_id_in(view));
    if (earlier == unknown_.end()) {
      return std::unexpected(lost("destroy", "somebody changed the state who did not hold it"));
    }
    modified_ = modified_in(view);
    unknown_.erase(unknown_.begin(), earlier + 1);
  }
}

}  // namespace latchfile
