// SPDX-License-Identifier: Apache-2.0
//
// LocalLock: a held lock in a root directory, and what may be done under it.
//
//   Save     S1 to S5, see posix/replace_file.hpp
//   Destroy  D1 unlink the state, and a temp file that a killed saver left · D2 fsync the root
//            D3 unlink the lock file · D4 close it
//
// D3 comes before D4: a lock file may only be unlinked by whoever holds it, and the others notice
// at L3. Whoever releases the lock of an id without state unlinks its lock file in the same way.
//
// D3 comes after D2, so that a lock file without a state tells of a destroy that was killed between
// D1 and D3. Whoever finds one does D2 before it says that there is no state, and before it unlinks
// the lock file, unless it made that file itself.
//
// In a root that strangers may write to, the owner of a lock file can unlink it while somebody else
// holds it. So there its owner must be us, the owner of the root, or the owner of the state.
#pragma once

#include <memory>
#include <optional>

#include "latchfile/local.hpp"
#include "posix/lock_file.hpp"
#include "store/backend.hpp"

namespace latchfile {

/// Whether anything stands at the name of the state, be it a document or not. Errors: io.
[[nodiscard]] Result<bool> state_exists(const Directory& dir, const ContainerId& id);

/// For an id without state, of which no lock is held: D2, if a lock file tells of a destroy that
/// may have been killed before it. Errors: commit_unknown (a power cut may bring the state back),
/// io.
[[nodiscard]] Result<> finish_destroy(const Directory& dir, const ContainerId& id,
                                      const LocalOptions& options);

class LocalLock final : public HeldLock {
 public:
  /// The lock on `id`, whether it has a state or not. Errors: as LockFile::acquire.
  [[nodiscard]] static Result<std::unique_ptr<LocalLock>> acquire(
      std::shared_ptr<const Directory> dir, const ContainerId& id, Wait wait,
      const LocalOptions& options);

  LocalLock(std::shared_ptr<const Directory> dir, ContainerId id, LockFile lock,
            const LocalOptions& options);
  ~LocalLock() override;

  /// Whether the id has a state. Once it is known that it has none, and until it gets one,
  /// releasing the lock removes the lock file. Errors: insecure (it has none, and the lock file is
  /// a stranger's), io.
  [[nodiscard]] Result<bool> find_state();

  /// The document, and with it whether there is a state, which is gone for good if it is absent.
  /// Errors: as Store::lock.
  [[nodiscard]] Result<Document> load();

  // Repair, each step with what is found under the lock. What stands at a name that it is about
  // may be anything.

  /// Removes a temp file that a killed saver left; false if there is none. Errors: insecure, io.
  [[nodiscard]] Result<bool> remove_temp();
  /// R3 to R6: moves what stands at the name of the state to a name that is free, which it
  /// returns, and leaves the id vacant. Errors: commit_unknown, insecure, io, unsupported.
  [[nodiscard]] Result<std::string> quarantine();
  /// Removes the lock file, and a temp file, of an id without state; false if it has one. The lock
  /// is of no use afterwards. Errors: commit_unknown, insecure, io.
  [[nodiscard]] Result<bool> vacate();

  Result<> save(const Document& document) override;
  Result<> destroy() override;
  int descriptor() const override { return lock_.descriptor(); }

 private:
  [[nodiscard]] Result<> still_ours(std::string_view operation) const;
  /// After what is known of the state.
  [[nodiscard]] Result<> check_owner_of_lock_file() const;
  /// For an id without state: D2, unless there was nothing to be done; its outcome, if it was done
  /// before.
  [[nodiscard]] Result<> make_absence_durable();
  [[nodiscard]] Sys<> unlink_lock_file() const;
  [[nodiscard]] Result<std::string> link_to_quarantine() const;

  std::shared_ptr<const Directory> dir_;
  ContainerId id_;
  LockFile lock_;
  LocalOptions options_;
  bool vacant_ = false;
  std::optional<Result<>> absence_;    ///< the outcome of D2, which is not tried again
  std::optional<FileIdentity> state_;  ///< as found under the lock, or put there since
};

}  // namespace latchfile
