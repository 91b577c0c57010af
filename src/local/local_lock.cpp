// SPDX-License-Identifier: Apache-2.0
#include "local/local_lock.hpp"

#include <cerrno>
#include <fcntl.h>

#include "local/load.hpp"
#include "local/names.hpp"
#include "posix/replace_file.hpp"

namespace latchfile {

Result<bool> state_exists(const Directory& dir, const ContainerId& id) {
  const auto name = names::state(id);
  const auto found = dir.kernel.fstatat(dir.fd.get(), name.c_str(), AT_SYMLINK_NOFOLLOW, Times::no);
  if (found) return true;
  if (found.error().value == ENOENT) return false;
  return std::unexpected(sys_error("stat", dir, name, found.error()));
}

namespace {

Result<> sync_absence(const Directory& dir, const ContainerId& id, const LocalOptions& options) {
  if (options.durability != Durability::full) return {};
  const auto sync = NameSync::open(dir);
  if (!sync) return std::unexpected(sync.error());
  if (const auto synced = sync->sync(); !synced) {
    return std::unexpected(Error{Errc::commit_unknown, synced.error().value,
                                 dir.path_of(names::state(id)) +
                                     " is gone, but a power cut may bring it back: fsync " +
                                     dir.path});
  }
  return {};
}

}  // namespace

Result<> finish_destroy(const Directory& dir, const ContainerId& id, const LocalOptions& options) {
  const auto lock = names::lock(id);
  const auto found = dir.kernel.fstatat(dir.fd.get(), lock.c_str(), AT_SYMLINK_NOFOLLOW, Times::no);
  if (found) return sync_absence(dir, id, options);
  if (found.error().value == ENOENT) return {};
  return std::unexpected(sys_error("stat", dir, lock, found.error()));
}

Result<std::unique_ptr<LocalLock>> LocalLock::acquire(std::shared_ptr<const Directory> dir,
                                                      const ContainerId& id, Wait wait,
                                                      const LocalOptions& options) {
  auto lock = LockFile::acquire(*dir, names::lock(id), LockFile::Mode::exclusive, wait);
  if (!lock) return std::unexpected(std::move(lock.error()));
  return std::make_unique<LocalLock>(std::move(dir), id, std::move(**lock), options);
}

LocalLock::LocalLock(std::shared_ptr<const Directory> dir, ContainerId id, LockFile lock,
                     const LocalOptions& options)
    : dir_(std::move(dir)), id_(std::move(id)), lock_(std::move(lock)), options_(options) {
  if (lock_.made_file()) absence_.emplace();
}

LocalLock::~LocalLock() {
  if (!vacant_ || !lock_.is_ours()) return;
  // Also what a creator that was killed left. If one of these fails, a file stays that the next
  // holder of the lock uses or replaces.
  static_cast<void>(dir_->kernel.unlinkat(dir_->fd.get(), names::temp(id_).c_str()));
  if (make_absence_durable()) static_cast<void>(unlink_lock_file());
}

Result<bool> LocalLock::find_state() {
  auto exists = state_exists(*dir_, id_);
  if (!exists || *exists) return exists;
  if (auto trusted = check_owner_of_lock_file(); !trusted) {
    return std::unexpected(std::move(trusted.error()));
  }
  vacant_ = true;
  return false;
}

Result<Document> LocalLock::load() {
  auto document = load_document_locked(*dir_, id_);
  vacant_ = !document && document.error().code == Errc::not_found;
  if (vacant_) {
    if (auto gone = make_absence_durable(); !gone) return std::unexpected(std::move(gone.error()));
  }
  if (!document) return std::unexpected(std::move(document.error()));
  state_ = document->file;
  if (auto trusted = check_owner_of_lock_file(); !trusted) {
    return std::unexpected(std::move(trusted.error()));
  }
  return std::move(document->document);
}

Result<> LocalLock::check_owner_of_lock_file() const {
  const auto owner = lock_.file_owner();
  if (!dir_->strangers_write || owner == dir_->owner || (state_ && owner == state_->owner) ||
      owner == dir_->kernel.geteuid()) {
    return {};
  }
  const auto path = dir_->path_of(lock_.name());
  return std::unexpected(
      Error{Errc::insecure, 0,
            path + " belongs to uid " + std::to_string(owner) +
                ", who can remove it and let two hold the lock: while nobody does, remove it with "
                "'flock --nonblock " +
                path + " rm " + path + "'"});
}

Result<> LocalLock::still_ours(std::string_view operation) const {
  if (lock_.is_ours()) return {};
  return std::unexpected(Error{Errc::lock_lost, 0,
                               std::string(operation) + " " + std::string(id_.text()) +
                                   ": the lock belongs to the process that took it before a fork"});
}

Result<> LocalLock::save(const Document& document) {
  if (auto ours = still_ours("save"); !ours) return ours;
  auto saved = replace_file(*dir_, names::state(id_), names::temp(id_), document.bytes(),
                            options_.durability == Durability::full ? Sync::yes : Sync::no, state_);
  if (saved || saved.error().code == Errc::commit_unknown) vacant_ = false;
  if (!saved)
    saved.error().context = "save " + std::string(id_.text()) + ": " + saved.error().context;
  return saved;
}

Result<> LocalLock::destroy() {
  if (auto ours = still_ours("destroy"); !ours) return ours;
  const auto failed = [&](Error error) {
    error.context = "destroy " + std::string(id_.text()) + ": " + error.context;
    return std::unexpected(std::move(error));
  };
  std::optional<NameSync> sync;
  if (options_.durability == Durability::full) {
    auto opened = NameSync::open(*dir_);
    if (!opened) return failed(std::move(opened.error()));
    sync = std::move(*opened);
  }
  const auto state = names::state(id_);
  const auto removed = dir_->kernel.unlinkat(dir_->fd.get(), state.c_str());  // D1
  if (!removed && removed.error().value != ENOENT) {
    return failed(sys_error("unlink", *dir_, state, removed.error()));
  }
  // A saver that was killed may have left its temp file, which nobody would look for from now on.
  const auto temp = names::temp(id_);
  const auto temp_removed = dir_->kernel.unlinkat(dir_->fd.get(), temp.c_str());
  const auto synced = sync ? sync->sync() : Sys<>();  // D2
  const auto unlocked = unlink_lock_file();           // D3
  if (!synced) {
    return failed({Errc::commit_unknown, synced.error().value,
                   "removed " + dir_->path_of(state) + ", but a power cut may undo that: fsync " +
                       dir_->path});
  }
  if (!temp_removed && temp_removed.error().value != ENOENT) {
    return failed(sys_error("removed the state, but left a temp file: unlink", *dir_, temp,
                            temp_removed.error()));
  }
  if (!unlocked) {
    return failed(sys_error("removed the state, but left its lock file: unlink", *dir_,
                            lock_.name(), unlocked.error()));
  }
  return {};  // D4 is our destructor
}

Result<bool> LocalLock::remove_temp() {
  if (auto trusted = check_owner_of_lock_file(); !trusted) {
    return std::unexpected(std::move(trusted.error()));
  }
  const auto temp = names::temp(id_);
  const auto removed = dir_->kernel.unlinkat(dir_->fd.get(), temp.c_str());
  if (removed) return true;
  if (removed.error().value == ENOENT) return false;
  return std::unexpected(sys_error("unlink", *dir_, temp, removed.error()));
}

Result<std::string> LocalLock::link_to_quarantine() const {
  // Each name of a second that is taken means that this id was quarantined in that second.
  constexpr int most_names = 60;
  const auto state = names::state(id_);
  const auto begin = dir_->kernel.utc();
  std::string name;
  Sys<> linked;
  for (int second = 0; second < most_names; ++second) {
    name = names::quarantine(id_, begin + std::chrono::seconds(second));
    linked = dir_->kernel.linkat(dir_->fd.get(), state.c_str(), name.c_str());
    if (linked) return name;
    if (linked.error().value != EEXIST) break;
  }
  auto error = sys_error("link", *dir_, state, linked.error());
  error.context += " to " + name;
  if (linked.error().value == EPERM) {
    error.context += ": the file system has no hard links, or the file is of another user";
  }
  return std::unexpected(std::move(error));
}

Result<std::string> LocalLock::quarantine() {
  if (auto trusted = check_owner_of_lock_file(); !trusted) {
    return std::unexpected(std::move(trusted.error()));
  }
  std::optional<NameSync> sync;
  if (options_.durability == Durability::full) {
    auto opened = NameSync::open(*dir_);
    if (!opened) return std::unexpected(std::move(opened.error()));
    sync = std::move(*opened);
  }
  const auto state = names::state(id_);
  auto name = link_to_quarantine();  // R3
  if (!name) return name;
  const auto undone = [&](Error error) {
    // If this fails as well the state has two names, of which another repair removes one.
    static_cast<void>(dir_->kernel.unlinkat(dir_->fd.get(), name->c_str()));
    return std::unexpected(std::move(error));
  };
  if (const auto synced = sync ? sync->sync() : Sys<>(); !synced) {  // R4
    return undone({Errc::io, synced.error().value,
                   "link " + dir_->path_of(state) + " to " + *name + ": fsync " + dir_->path});
  }
  const auto removed = dir_->kernel.unlinkat(dir_->fd.get(), state.c_str());  // R5
  if (!removed) return undone(sys_error("unlink", *dir_, state, removed.error()));
  vacant_ = true;
  absence_.emplace();
  if (const auto synced = sync ? sync->sync() : Sys<>(); !synced) {  // R6
    absence_ = std::unexpected(Error{Errc::commit_unknown, synced.error().value,
                                     "moved to " + *name +
                                         ", but a power cut may bring its old name back: fsync " +
                                         dir_->path});
    return std::unexpected(absence_->error());
  }
  return name;
}

Result<bool> LocalLock::vacate() {
  const auto exists = find_state();
  if (!exists) return std::unexpected(exists.error());
  if (*exists) return false;
  if (const auto removed = remove_temp(); !removed) return std::unexpected(removed.error());
  if (auto gone = make_absence_durable(); !gone) return std::unexpected(std::move(gone.error()));
  // Once it is unlinked the name may lead to the lock file of another: our end must not try again.
  vacant_ = false;
  if (const auto removed = unlink_lock_file(); !removed) {
    return std::unexpected(sys_error("unlink", *dir_, lock_.name(), removed.error()));
  }
  return true;
}

Result<> LocalLock::make_absence_durable() {
  if (!absence_) absence_ = sync_absence(*dir_, id_, options_);
  return *absence_;
}

Sys<> LocalLock::unlink_lock_file() const {
  if (options_.keep_lock_files) return {};
  auto removed = dir_->kernel.unlinkat(dir_->fd.get(), lock_.name().c_str());
  if (!removed && removed.error().value == ENOENT) return {};
  return removed;
}

}  // namespace latchfile
