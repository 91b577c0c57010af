// SPDX-License-Identifier: Apache-2.0
//
// Store, and the two guards through which alone a store is changed.
//
// Calling sequence:
//
// clang-format off
//   auto store = latchfile::open_local("/run/myruntime");       // <latchfile/local.hpp>
//   auto vacancy = store->lock_for_new(id, Wait::never());      // nobody else creates this id now
//   auto state = std::move(*vacancy).create(document);          // and still nobody else changes it
//   state->save(changed);                                       // old or new, never half of each
//   std::move(*state).destroy();
// clang-format on
//
// Reading needs no lock: load, load_all and list never wait for a writer. Whatever changes a
// document holds its lock and sees the document as it was read under that lock, so a lost update
// cannot be written down.
//
// Threads: a Store may be used from any number of threads at once. A guard may be moved between
// threads but not used by two at once; its lock counts as held by the thread that took it.
// Processes: any number may share a store; a guard belongs to the process that took it, and after
// fork() the child's copy can only be destroyed, which leaves the lock and the state alone.
//
// What is said of files, power cuts and flock is of stores in a directory. What is different in
// etcd, lock_lost and commit_unknown above all, is in <latchfile/etcd.hpp>.
//
// Not promised: that waiting for a lock is fair; that two documents are changed together; that a
// version differs from all earlier ones after a document was changed back.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "latchfile/container_id.hpp"
#include "latchfile/document.hpp"
#include "latchfile/error.hpp"
#include "latchfile/export.hpp"
#include "latchfile/wait.hpp"

namespace latchfile {

class Backend;
class HeldLock;
class Watch;
struct CheckOptions;
struct CheckReport;

/// The exclusive lock on a container that exists. Destroying the guard releases the lock.
class LATCHFILE_EXPORT LockedState {
 public:
  LockedState(LockedState&&) noexcept;
  LockedState& operator=(LockedState&&) noexcept;
  ~LockedState();

  [[nodiscard]] const ContainerId& id() const { return id_; }

  /// The document as read under the lock or, once this guard has saved, as saved.
  [[nodiscard]] const Snapshot& current() const { return current_; }

  /// Fails with version_mismatch unless the current document has this version.
  [[nodiscard]] Result<> require(const Version& expected) const;

  /// Replaces the document; once this returned, every later load sees it or a later one, with full
  /// durability also after a power cut.
  ///
  /// Errors: commit_unknown: current() is the new document; loads see it too, but a power cut may
  /// bring the old one back, or, in etcd, there was no answer; save again. lock_lost: the guard was
  /// inherited through fork() or, in etcd, has lost its lock. Any other, io above all:
  /// nothing was changed. But for lock_lost the guard holds the lock in every case.
  [[nodiscard]] Result<> save(Document document);

  /// Removes the state, and the lock with it, and releases the lock.
  ///
  /// Errors: commit_unknown: the state is gone, but a power cut may bring it back; in etcd: nobody
  /// knows whether it is gone. lock_lost: as save. io: where the context says that the lock file
  /// was left, the state is gone; else nothing was changed.
  [[nodiscard]] Result<> destroy() &&;

  /// A descriptor whose copies keep the lock if this process dies before the guard: for a child
  /// that must not go on unprotected, which clears O_CLOEXEC on it after fork(). The guard's own
  /// end releases the lock whatever copies there are. -1 if the store has no such thing.
  [[nodiscard]] int descriptor() const;

  /// Until when nobody else can have the lock, as far as is known now: no limit in a directory. In
  /// etcd each keepalive that is confirmed puts it off, and once it has passed, save and destroy
  /// are lock_lost. What else is done under the lock must have stopped by then. Its clock stands
  /// still while the machine is suspended, etcd's does not. May be called by any thread.
  [[nodiscard]] std::chrono::steady_clock::time_point held_until() const;

 private:
  friend class Store;
  friend class Vacancy;
  LockedState(ContainerId id, std::unique_ptr<HeldLock> lock, Snapshot current);

  ContainerId id_;
  std::unique_ptr<HeldLock> lock_;
  Snapshot current_;
};

/// The exclusive lock on an id that has no state yet. Destroying it unused leaves no trace.
class LATCHFILE_EXPORT Vacancy {
 public:
  Vacancy(Vacancy&&) noexcept;
  Vacancy& operator=(Vacancy&&) noexcept;
  ~Vacancy();

  [[nodiscard]] const ContainerId& id() const { return id_; }

  /// Writes the first document and goes on holding the lock. Consumes the guard in every case.
  ///
  /// Errors: commit_unknown: the container exists, but a power cut may undo that; in etcd: nobody
  /// knows whether it does; the lock is released. Any other: nothing was created, and the lock is
  /// released.
  [[nodiscard]] Result<LockedState> create(Document document) &&;

 private:
  friend class Store;
  Vacancy(ContainerId id, std::unique_ptr<HeldLock> lock);

  ContainerId id_;
  std::unique_ptr<HeldLock> lock_;
};

/// One entry of load_all: its id, and its document or why it could not be read.
struct LoadedEntry {
  ContainerId id;
  Result<Snapshot> state;
};

/// A process that waits for the lock of a container. In etcd nobody knows of them.
struct LockWaiter {
  pid_t pid;            ///< 0: one of another pid namespace, which has no number here
  std::string command;  ///< its arguments, joined by spaces; empty if it is gone or has no pid here
};

/// Who holds the lock of a container, and who waits behind it.
struct LockHolder {
  ContainerId id;
  pid_t pid;            ///< the process that took the lock; 0 as above
  std::string command;  ///< as above; if that process is gone, a child that it left has the lock
  /// Sorted by pid. Where several share the lock, as readers do, each has all of them.
  std::vector<LockWaiter> waiters = {};
  /// The machine of that process, where a store is shared by several; empty: this one.
  std::string host = {};
};

/// The states of many containers: a handle that is cheap to copy.
class LATCHFILE_EXPORT Store {
 public:
  /// How long a load waits, at most, for a writer that was caught replacing a document in place, as
  /// gVisor's does. A document that Latchfile wrote is never waited for.
  static constexpr Wait settle_wait = Wait::at_most(std::chrono::seconds(1));

  explicit Store(std::shared_ptr<const Backend> backend);

  /// Whether other machines share it, so that a pid in a document may be of one of them.
  [[nodiscard]] bool spans_machines() const;

  /// All ids, sorted. Reads names only. Errors: insecure, io, unavailable: etcd gives no answer.
  [[nodiscard]] Result<std::vector<ContainerId>> list() const;

  /// The ids in one sandbox, sorted. Errors: as list, and invalid_argument.
  [[nodiscard]] Result<std::vector<ContainerId>> list_sandbox(std::string_view sandbox) const;

  /// The document, without a lock.
  ///
  /// Errors: not_found; corrupt: what is stored is not a document; too_large; insecure: it is not a
  /// regular file, or may be somebody else's; locked or timed_out: a writer that replaces documents
  /// in place was still at it after `settle`; io; unavailable.
  [[nodiscard]] Result<Snapshot> load(const ContainerId& id, Wait settle = settle_wait) const;

  /// Every document, in the order of list(), each with its own Result; what vanished meanwhile is
  /// left out. Reads with several threads. Errors of the whole: as list.
  [[nodiscard]] Result<std::vector<LoadedEntry>> load_all() const;

  /// The same, handed to `visit` one by one on the calling thread, holding a few hundred documents
  /// at a time however many there are.
  [[nodiscard]] Result<> load_all(const std::function<void(LoadedEntry)>& visit) const;

  /// The id that a person means by `text`: exactly that id; else the one container of that name in
  /// whatever sandbox (`web` finds `pod1/web`); else the one whose container part begins with it.
  /// No globs. Errors: not_found; invalid_argument: several, up to ten of them named; as list.
  [[nodiscard]] Result<ContainerId> resolve(std::string_view text) const;

  /// The lock on a container that exists, with its document.
  ///
  /// Errors: not_found; commit_unknown: there is no state, but a destroy was killed and a power cut
  /// may bring it back; locked or timed_out, naming the holder; deadlock: this thread holds it;
  /// corrupt, too_large, insecure: as load; io; unavailable.
  [[nodiscard]] Result<LockedState> lock(const ContainerId& id, Wait wait) const;

  /// The lock on an id that has no state, to create one. Makes the root if it is absent.
  ///
  /// Errors: already_exists; locked or timed_out, naming the holder; deadlock; insecure; io;
  /// unavailable.
  [[nodiscard]] Result<Vacancy> lock_for_new(const ContainerId& id, Wait wait) const;

  /// lock_for_new and create in one call, releasing the lock at the end.
  [[nodiscard]] Result<> create(const ContainerId& id, Wait wait, Document document) const;

  using Change = std::function<Result<Document>(const Snapshot&)>;

  /// Read, change, save under one lock. If `change` fails its error is returned and nothing is
  /// saved. `change` runs once, with the lock held. Returns what was saved.
  [[nodiscard]] Result<Snapshot> update(const ContainerId& id, Wait wait,
                                        const Change& change) const;

  /// Who holds which lock just now and who waits for it, sorted by id; takes no lock itself. What
  /// the errors of a busy lock say comes from the same place. In a directory a holder that the
  /// kernel does not show to this process, because it is outside of this pid namespace or on
  /// another machine, is left out with all who wait for it. Errors: as list, unsupported:
  /// /proc/locks cannot be read.
  [[nodiscard]] Result<std::vector<LockHolder>> locks() const;

  /// All that is there, and from then on every change: see <latchfile/watch.hpp>.
  ///
  /// Errors: as list; unavailable also if the kernel has no more watches for this user, and the
  /// context says which of its limits to raise; unsupported: the store or the kernel cannot do
  /// this.
  [[nodiscard]] Result<Watch> watch() const;

  /// The same of these containers alone, which may be there or not; no other document is read.
  [[nodiscard]] Result<Watch> watch(std::vector<ContainerId> ids) const;

  /// Examines every entry, and repairs what can be if that is asked for: see <latchfile/check.hpp>.
  /// Errors of the whole: as list, and unsupported, as of a store in etcd.
  [[nodiscard]] Result<CheckReport> check(const CheckOptions& options) const;

 private:
  std::shared_ptr<const Backend> backend_;
};

}  // namespace latchfile
