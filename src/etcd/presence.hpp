// SPDX-License-Identifier: Apache-2.0
//
// Presence: that a mirror of this machine is at work, and its right to write below its prefix.
//
// PREFIX/m/alive says so while the lease lives that it is on; PREFIX/m/contact stays, and says when
// the machine was last heard of. L is the revision at which the first was made, M the one of the
// last change of the second.
//
//   M1  take: if there is no alive key, put it on a lease of our own, and the contact key: both
//       revisions are L and M
//   M2  write: if the alive key was made at L and the contact key was last changed at M, make the
//       changes and put the contact key: its revision is the new M
//   M3  end: revoke the lease
//
// Each may be carried out twice, at once or much later. M1 finds the alive key, and by its nonce
// that it is ours. M2 finds M changed: L alone would let an earlier write that is delivered late
// undo a later one. Who gets no answer does the next write, which finds by the id in the contact
// key whether the one before was carried out.
//
// Used by one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "etcd/lease.hpp"
#include "etcd/requests.hpp"
#include "etcd/site.hpp"

namespace latchfile {

class Presence {
 public:
  /// M1. `self` is an id that nobody else has. With it the nonces of all our presences begin: one
  /// that was taken without an answer, or given up without one, is told from another mirror's.
  ///
  /// Errors: locked: another mirror is at work; unavailable: no answer, or what we gave up is not
  /// over yet; io: etcd refused.
  [[nodiscard]] static Result<std::unique_ptr<Presence>> take(std::shared_ptr<const EtcdSite> site,
                                                              std::string_view self);

  Presence(std::shared_ptr<const EtcdSite> site, std::shared_ptr<Lease> lease,
           std::int64_t created);
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  /// M3.
  ~Presence();

  /// M2. Errors: lock_lost: it is over, and nothing was written; unavailable: it may have been
  /// written, or may yet be: make the same changes again, as often as it takes; too_large; io.
  [[nodiscard]] Result<> write(const request::Txn& changes);

  [[nodiscard]] bool is_lost() const { return lease_->is_lost(site_->kernel().now()); }

 private:
  [[nodiscard]] std::unexpected<Error> lost();
  /// Whether the write `id` was carried out for all that. If that cannot be seen it may have been.
  [[nodiscard]] bool was_written(std::string_view id, CallFailure& refused);

  const std::shared_ptr<const EtcdSite> site_;
  const std::shared_ptr<Lease> lease_;
  const std::int64_t created_;        ///< L
  std::int64_t modified_;             ///< M
  std::vector<std::string> unknown_;  ///< ids of writes of which it is not known what became
};

}  // namespace latchfile
