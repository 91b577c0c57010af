// SPDX-License-Identifier: Apache-2.0
//
// EtcdWatch: follows the documents under a prefix in etcd.
//
//   F1  list the ids at a revision, and add those that were told before; if only some are followed,
//       these, and the revision alone
//   F2  watch from the revision behind that; of some all from the first to the last
//   F3  read what was watched: each key that changed adds its id; a stream that ended, or a
//       revision that was compacted away, lead back to F1
//   F4  load each id that was added
//   F5  tell what differs from what was told of it before
//
// Nothing is missed: what F4 loads is not older than what F3 has read. What F3 reads is a reason to
// look and no more, so that it may come twice, late, or for nothing.
#pragma once

#include <optional>
#include <set>

#include "etcd/etcd_backend.hpp"
#include "store/told.hpp"

namespace latchfile {

class EtcdWatch final : public WatchSource {
 public:
  /// Has done F1 and F2 when it returns. `only` as in Backend::watch.
  [[nodiscard]] static Result<std::unique_ptr<WatchSource>> open(
      std::shared_ptr<const EtcdSite> site, const std::optional<std::vector<ContainerId>>& only);

  Result<std::vector<Event>> next(Wait wait) override;
  int descriptor() const override { return stream_->descriptor(); }

 private:
  using Ids = std::set<ContainerId>;

  EtcdWatch(std::shared_ptr<const EtcdSite> site, std::unique_ptr<Transport::Stream> stream,
            std::optional<Ids> only);

  [[nodiscard]] Result<> begin_anew();
  /// F1. The revision behind which all changes are to be read.
  [[nodiscard]] Result<std::int64_t> take_stock();
  [[nodiscard]] Result<std::vector<Event>> look();
  /// False if nothing came until `deadline`.
  [[nodiscard]] bool read_changes(Gateway::Clock::time_point deadline);
  void add(const answer::Watched& watched);

  const EtcdBackend store_;
  const std::unique_ptr<Transport::Stream> stream_;
  const std::optional<Ids> only_;
  const Keys::Range watched_;
  bool stale_ = true;    ///< F1 and F2 are to be done
  bool listed_ = false;  ///< Event::Kind::listed has been told
  Ids pending_;          ///< to be loaded
  Told told_;
};

}  // namespace latchfile
