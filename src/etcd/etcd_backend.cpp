// SPDX-License-Identifier: Apache-2.0
#include "etcd/etcd_backend.hpp"

#include <algorithm>

#include "base/quote.hpp"
#include "base/sorted_ids.hpp"
#include "etcd/envelope.hpp"
#include "etcd/etcd_lock.hpp"
#include "latchfile/check.hpp"
#include "etcd/pages.hpp"
#include "etcd/requests.hpp"
#include "etcd/watch.hpp"

namespace latchfile {
namespace {

/// How many keys a transaction may name, as etcd is set up unless told otherwise.
constexpr std::size_t most_operations = 128;

Error failed_load(const ContainerId& id, Error error) {
  return in_operation("load", id, std::move(error));
}

Result<Document> not_loaded() { return std::unexpected(Error{Errc::not_found, 0, {}}); }

}  // namespace

Result<EtcdBackend::Listed> EtcdBackend::list_at_revision() const {
  SortedIds ids;
  const auto folder = site_->keys.states();
  const auto add = [&](const answer::KeyValue& pair) {
    const auto text = std::string_view(pair.key).substr(folder.size());
    const auto slash = text.find('/');
    if (slash == text.npos) return ids.add({}, text);
    if (slash > 0) ids.add(text.substr(0, slash), text.substr(slash + 1));
  };
  const auto revision =
      for_each_key(*site_->gateway, folder, true, [&] { ids = SortedIds(); }, add);
  if (!revision) {
    auto error = revision.error();
    error.context = "list: " + error.context;
    return std::unexpected(std::move(error));
  }
  return Listed{std::move(ids).take(), *revision};
}

Result<std::vector<ContainerId>> EtcdBackend::list() const {
  auto listed = list_at_revision();
  if (!listed) return std::unexpected(std::move(listed.error()));
  return std::move(listed->ids);
}

Result<bool> EtcdBackend::exists(const ContainerId& id) const {
  const auto key = site_->keys.state(id);
  const auto range = site_->gateway->call(
      request::path::range, request::range({.key = key, .keys_only = true}), answer::read_range);
  if (!range) return std::unexpected(in_operation("look for", id, range.error().error));
  return !range->pairs.empty();
}

Result<Document> EtcdBackend::load(const ContainerId& id, Wait) const {
  auto document = not_loaded();
  load_some({&id, 1}, {&document, 1});
  return document;
}

void EtcdBackend::load_each(std::span<const ContainerId> ids, const VisitLoaded& visit) const {
  for (std::size_t begin = 0; begin < ids.size(); begin += most_operations) {
    const auto some = ids.subspan(begin, std::min(most_operations, ids.size() - begin));
    std::vector documents(some.size(), not_loaded());
    load_some(some, documents);
    for (std::size_t i = 0; i < some.size(); ++i)
      visit(begin + i, std::move(documents[i]));
  }
}

/// By one transaction, or by two of half the size if the answer to that is too large.
void EtcdBackend::load_some(std::span<const ContainerId> ids,
                            std::span<Result<Document>> into) const {
  request::Txn request;
  for (const auto& id : ids)
    request.then_get(site_->keys.state(id));
  auto txn = site_->gateway->transact(request.body());
  const auto half = ids.size() / 2;
  if (!txn && txn.error().error.code == Errc::too_large && half > 0) {
    load_some(ids.first(half), into.first(half));
    load_some(ids.subspan(half), into.subspan(half));
    return;
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!txn) {
      into[i] = std::unexpected(failed_load(ids[i], txn.error().error));
    } else if (txn->found.size() != ids.size()) {
      into[i] = std::unexpected(failed_load(
          ids[i], {Errc::unavailable, 0, "the answer is not one to what was asked for"}));
    } else if (txn->found[i].empty()) {
      into[i] = std::unexpected(no_such_container("load", ids[i], *site_));
    } else {
      into[i] = envelope::document_of(txn->found[i].front().value);
      if (!into[i]) into[i] = std::unexpected(failed_load(ids[i], into[i].error()));
    }
  }
}

Result<AcquiredState> EtcdBackend::lock(const ContainerId& id, Wait wait) const {
  auto acquired = EtcdLock::acquire(site_, id, EtcdLock::Goal::state, wait);
  if (!acquired) {
    auto& error = acquired.error();
    return std::unexpected(error.code == Errc::not_found
                               ? no_such_container("lock", id, *site_)
                               : in_operation("lock", id, std::move(error)));
  }
  auto document = envelope::document_of(acquired->value);
  if (!document) {
    return std::unexpected(in_operation("lock", id, std::move(document.error())));
  }
  return AcquiredState{std::move(acquired->lock), std::move(*document)};
}

Result<std::unique_ptr<HeldLock>> EtcdBackend::lock_for_new(const ContainerId& id,
                                                            Wait wait) const {
  auto acquired = EtcdLock::acquire(site_, id, EtcdLock::Goal::vacancy, wait);
  if (!acquired) return std::unexpected(in_operation("create", id, std::move(acquired.error())));
  return std::move(acquired->lock);
}

Result<std::vector<LockHolder>> EtcdBackend::locks() const {
  std::vector<LockHolder> holders;
  const auto folder = site_->keys.locks();
  const auto add = [&](answer::KeyValue& pair) {
    auto id = ContainerId::parse(std::string_view(pair.key).substr(folder.size()));
    if (!id) return;
    const auto owner = answer::read_owner(pair.value).value_or(answer::Owner{});
    holders.push_back({.id = std::move(*id),
                       .pid = static_cast<pid_t>(owner.pid),
                       .command = one_line(owner.command),
                       .host = one_line(owner.host)});
  };
  const auto revision = for_each_key(*site_->gateway, folder, false, [&] { holders.clear(); }, add);
  if (!revision) {
    auto error = revision.error();
    error.context = "list the locks: " + error.context;
    return std::unexpected(std::move(error));
  }
  std::ranges::sort(holders, {}, &LockHolder::id);
  return holders;
}

Result<CheckReport> EtcdBackend::check(const CheckOptions&) const {
  return std::unexpected(Error{
      Errc::unsupported, 0,
      "check " + site_->root + ": in etcd nothing is left half done, and nothing is checked"});
}

Result<std::unique_ptr<WatchSource>> EtcdBackend::watch(
    const std::optional<std::vector<ContainerId>>& ids) const {
  return EtcdWatch::open(site_, ids);
}

}  // namespace latchfile
