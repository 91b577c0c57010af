// SPDX-License-Identifier: Apache-2.0
//
// EtcdLock: a held lock in etcd, and what may be done under it. L is the revision at which the lock
// key was made, M the one of the last change of the state, 0 if there is none.
//
//   Acquire  E1 look at both keys: not there, busy, or to be had · E2 wait for the end of the lock
//            key, if it is busy · E3 a lease of our own · E4 put the lock key on it, if it is
//            absent and the state is as E1 found it: its revision is L
//   Save     E5 put the state if the lock key was made at L and the state was changed at M
//   Destroy  E6 delete both keys on the same conditions · E8 if it is not known whether we did,
//            put a key on the lease: it can be, and nobody else has deleted the lock key
//   Release  E7 revoke the lease
//
// Each may be carried out twice, at once or much later, by whatever repeats a request on its way:
//   E4  finds the lock key, and by its nonce that it is ours. Once E7 is done it finds no lease.
//   E5  finds M changed. L alone would not do: an earlier save of the same guard that is delivered
//       late would undo a later one.
//   E6  finds no lock key that was made at L. While the lease lives nothing else deletes that key.
//
// Who gets no answer asks the same once more, and reads from what it is told then whether the first
// was carried out: the state has the id of our save. If that cannot be found out in time, it is
// commit_unknown, and the next save begins with finding it out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "etcd/lease.hpp"
#include "etcd/site.hpp"
#include "latchfile/wait.hpp"
#include "store/backend.hpp"

namespace latchfile {

class EtcdLock final : public HeldLock {
 public:
  enum class Goal { state, vacancy };

  struct Acquired {
    std::unique_ptr<EtcdLock> lock;
    std::string value;  ///< of the state's key, as it was under the lock; empty for a vacancy
  };

  /// E1 to E4. Errors: as Store::lock and Store::lock_for_new, without their beginnings.
  [[nodiscard]] static Result<Acquired> acquire(std::shared_ptr<const EtcdSite> site,
                                                const ContainerId& id, Goal goal, Wait wait);

  /// `created` is L, `modified` is M.
  EtcdLock(std::shared_ptr<const EtcdSite> site, ContainerId id, std::shared_ptr<Lease> lease,
           std::string nonce, std::int64_t created, std::int64_t modified);
  ~EtcdLock() override;

  Result<> save(const Document& document) override;
  Result<> destroy() override;
  /// A lease cannot be handed to a child.
  int descriptor() const override { return -1; }
  std::chrono::steady_clock::time_point held_until() const override { return lease_->good_until(); }

 private:
  [[nodiscard]] Result<> still_held(std::string_view operation) const;
  [[nodiscard]] Result<> save_failed(const CallFailure& failure, const std::string& save_id);
  [[nodiscard]] bool has_lock_of(const View& view) const;
  /// Whether the lease lives, by the word of etcd: our clock would not do. False also if there is
  /// no answer.
  [[nodiscard]] bool has_living_lease() const;
  [[nodiscard]] Error lost(std::string_view operation, std::string_view why) const;

  const std::shared_ptr<const EtcdSite> site_;
  const ContainerId id_;
  const std::shared_ptr<Lease> lease_;
  const std::string nonce_;
  const pid_t owner_;
  const std::int64_t created_;
  std::int64_t modified_;
  /// The ids of saves of which it is not known what became of them, the oldest first.
  std::vector<std::string> unknown_;
};

}  // namespace latchfile
