// SPDX-License-Identifier: Apache-2.0
#include "local/local_backend.hpp"

#include "base/parallel.hpp"
#include "local/check.hpp"
#include "local/holders.hpp"
#include "local/list.hpp"
#include "local/load.hpp"
#include "local/local_lock.hpp"
#include "local/names.hpp"
#include "local/watch.hpp"

namespace latchfile {
namespace {

/// What load_all waits for a writer that rewrites in place, for each document that it catches torn.
constexpr Wait settle_wait_of_many = Wait::at_most(std::chrono::milliseconds(100));

Error in_operation(std::string_view operation, const ContainerId& id, Error error) {
  error.context = std::string(operation) + " " + std::string(id.text()) + ": " + error.context;
  return error;
}

Error no_such_container(std::string_view operation, const ContainerId& id, const Root& root) {
  return in_operation(operation, id, {Errc::not_found, 0, "no such container in " + root.path()});
}

}  // namespace

LocalBackend::LocalBackend(Kernel& kernel, std::string root, LocalOptions options)
    : root_(kernel, std::move(root), options.allow_insecure_root), options_(options) {}

Result<std::vector<ContainerId>> LocalBackend::list() const {
  const auto dir = root_.find();
  if (!dir) return std::unexpected(dir.error());
  if (!*dir) return std::vector<ContainerId>();
  return list_ids(**dir);
}

Result<bool> LocalBackend::exists(const ContainerId& id) const {
  const auto dir = root_.find();
  if (!dir) return std::unexpected(dir.error());
  if (!*dir) return false;
  return state_exists(**dir, id);
}

Result<Document> LocalBackend::load(const ContainerId& id, Wait settle) const {
  const auto dir = root_.find();
  if (!dir) return std::unexpected(in_operation("load", id, dir.error()));
  if (!*dir) return std::unexpected(no_such_container("load", id, root_));
  auto document = load_document(**dir, id, settle);
  if (document) return document;
  if (document.error().code == Errc::not_found) {
    return std::unexpected(no_such_container("load", id, root_));
  }
  return std::unexpected(in_operation("load", id, std::move(document.error())));
}

void LocalBackend::load_each(std::span<const ContainerId> ids, const VisitLoaded& visit) const {
  const auto dir = root_.find();
  if (!dir || !*dir) {
    const auto error =
        dir ? Error{Errc::not_found, 0, "root " + root_.path() + " is gone"} : dir.error();
    for (std::size_t i = 0; i < ids.size(); ++i)
      visit(i, std::unexpected(error));
    return;
  }
  make_in_parallel(
      ids.size(),
      [&](std::size_t i) -> Result<Document> {
        auto document = load_document(**dir, ids[i], settle_wait_of_many);
        if (document) return document;
        return std::unexpected(in_operation("load", ids[i], std::move(document.error())));
      },
      visit);
}

Result<AcquiredState> LocalBackend::lock(const ContainerId& id, Wait wait) const {
  const auto failed = [&](Error error) {
    return std::unexpected(error.code == Errc::not_found
                               ? no_such_container("lock", id, root_)
                               : in_operation("lock", id, std::move(error)));
  };
  const auto dir = root_.find();
  if (!dir) return failed(dir.error());
  if (!*dir) return failed({Errc::not_found, 0, {}});
  // Before the lock as well, so that a lock of an id without state makes no file and waits for
  // nobody.
  const auto exists = state_exists(**dir, id);
  if (!exists) return failed(exists.error());
  if (!*exists) {
    if (auto gone = finish_destroy(**dir, id, options_); !gone) {
      return failed(std::move(gone.error()));
    }
    return failed({Errc::not_found, 0, {}});
  }
  auto lock = LocalLock::acquire(*dir, id, wait, options_);
  if (!lock) return failed(std::move(lock.error()));
  auto document = (*lock)->load();
  if (!document) return failed(std::move(document.error()));
  return AcquiredState{std::move(*lock), std::move(*document)};
}

Result<std::unique_ptr<HeldLock>> LocalBackend::lock_for_new(const ContainerId& id,
                                                             Wait wait) const {
  const auto dir = root_.find_or_make();
  if (!dir) return std::unexpected(in_operation("create", id, dir.error()));
  auto lock = LocalLock::acquire(*dir, id, wait, options_);
  if (!lock) return std::unexpected(in_operation("create", id, std::move(lock.error())));
  const auto exists = (*lock)->find_state();
  if (!exists) return std::unexpected(in_operation("create", id, exists.error()));
  if (*exists) {
    return std::unexpected(in_operation(
        "create", id, {Errc::already_exists, 0, "it already exists in " + root_.path()}));
  }
  return std::move(*lock);
}

Result<std::vector<LockHolder>> LocalBackend::locks() const {
  const auto dir = root_.find();
  if (!dir) return std::unexpected(dir.error());
  if (!*dir) return std::vector<LockHolder>();
  return list_holders(**dir);
}

Result<std::unique_ptr<WatchSource>> LocalBackend::watch(
    const std::optional<std::vector<ContainerId>>& ids) const {
  return LocalWatch::open(root_.kernel(), root_.path(), options_, ids);
}

Result<CheckReport> LocalBackend::check(const CheckOptions& options) const {
  auto dir = root_.find();
  if (!dir) return std::unexpected(std::move(dir.error()));
  if (!*dir) return CheckReport();
  return check_root(*dir, options_, options);
}

}  // namespace latchfile
