// SPDX-License-Identifier: Apache-2.0
//
// Backend: the port behind Store, one implementation for each place where states can live.
//
// Store and the guards hold the rules that are the same everywhere: who may call what, resolve,
// update. A backend holds the protocol. tests/contract/ is the specification of this interface and
// runs against every implementation.
//
// Threads: a Backend may be used by many at once; a HeldLock by one at a time. A HeldLock may
// outlive the Backend that it came from.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "latchfile/export.hpp"
#include "latchfile/store.hpp"
#include "latchfile/watch.hpp"

namespace latchfile {

/// The exclusive lock on one id. Destroying it releases the lock and, if the id has no state by
/// then, removes whatever the lock itself left in the store.
class HeldLock {
 public:
  HeldLock() = default;
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;
  virtual ~HeldLock() = default;

  /// Makes `document` the state. Errors: as LockedState::save and Vacancy::create.
  [[nodiscard]] virtual Result<> save(const Document& document) = 0;

  /// Removes the state; nothing may be called after it. Errors: as LockedState::destroy.
  [[nodiscard]] virtual Result<> destroy() = 0;

  /// As LockedState::descriptor.
  [[nodiscard]] virtual int descriptor() const = 0;
  /// As LockedState::held_until.
  [[nodiscard]] virtual std::chrono::steady_clock::time_point held_until() const {
    return std::chrono::steady_clock::time_point::max();
  }
};

/// What a Watch follows. Used by one thread at a time; may outlive the Backend that it came from.
class WatchSource {
 public:
  WatchSource() = default;
  WatchSource(const WatchSource&) = delete;
  WatchSource& operator=(const WatchSource&) = delete;
  virtual ~WatchSource() = default;

  /// As Watch::next.
  [[nodiscard]] virtual Result<std::vector<Event>> next(Wait wait) = 0;
  /// As Watch::descriptor.
  [[nodiscard]] virtual int descriptor() const = 0;
};

/// Takes what was loaded of the id of that index.
using VisitLoaded = std::function<void(std::size_t, Result<Document>)>;

struct AcquiredState {
  std::unique_ptr<HeldLock> lock;
  Document document;  ///< as read under the lock
};

// Exported for liblatchfile-etcd, whose backend derives from it; no header that is installed has
// it.
class LATCHFILE_EXPORT Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  /// The directory or the URL, for messages.
  [[nodiscard]] virtual std::string_view location() const = 0;
  /// As Store::spans_machines.
  [[nodiscard]] virtual bool spans_machines() const { return false; }
  /// Sorted.
  [[nodiscard]] virtual Result<std::vector<ContainerId>> list() const = 0;
  [[nodiscard]] virtual Result<bool> exists(const ContainerId& id) const = 0;
  [[nodiscard]] virtual Result<Document> load(const ContainerId& id, Wait settle) const = 0;
  /// Loads all of `ids` and calls visit(i, document) by this thread, in their order. Holds a
  /// bounded number of documents. An id is not looked at once it was visited.
  virtual void load_each(std::span<const ContainerId> ids, const VisitLoaded& visit) const = 0;

  /// Errors: not_found, and as Store::lock.
  [[nodiscard]] virtual Result<AcquiredState> lock(const ContainerId& id, Wait wait) const = 0;
  /// Errors: already_exists, and as Store::lock_for_new.
  [[nodiscard]] virtual Result<std::unique_ptr<HeldLock>> lock_for_new(const ContainerId& id,
                                                                       Wait wait) const = 0;
  /// Sorted by id.
  [[nodiscard]] virtual Result<std::vector<LockHolder>> locks() const = 0;
  /// Follows all containers, or only those of `ids`.
  /// Errors: as Store::watch, which is unsupported unless a backend says otherwise.
  [[nodiscard]] virtual Result<std::unique_ptr<WatchSource>> watch(
      const std::optional<std::vector<ContainerId>>& ids) const;
  /// Errors: as Store::check, which is unsupported unless a backend says otherwise.
  [[nodiscard]] virtual Result<CheckReport> check(const CheckOptions& options) const;
};

}  // namespace latchfile
