// SPDX-License-Identifier: Apache-2.0
//
// EtcdBackend: the store under a prefix in etcd. Reads take no lock, see what every save that
// returned has written, and leave nothing.
#pragma once

#include "etcd/site.hpp"
#include "store/backend.hpp"

namespace latchfile {

class EtcdBackend final : public Backend {
 public:
  explicit EtcdBackend(std::shared_ptr<const EtcdSite> site) : site_(std::move(site)) {}

  std::string_view location() const override { return site_->root; }
  bool spans_machines() const override { return true; }
  Result<std::vector<ContainerId>> list() const override;
  Result<bool> exists(const ContainerId& id) const override;
  Result<Document> load(const ContainerId& id, Wait settle) const override;
  void load_each(std::span<const ContainerId> ids, const VisitLoaded& visit) const override;
  Result<AcquiredState> lock(const ContainerId& id, Wait wait) const override;
  Result<std::unique_ptr<HeldLock>> lock_for_new(const ContainerId& id, Wait wait) const override;
  Result<std::vector<LockHolder>> locks() const override;
  Result<std::unique_ptr<WatchSource>> watch(
      const std::optional<std::vector<ContainerId>>& ids) const override;

  Result<CheckReport> check(const CheckOptions& options) const override;

  struct Listed {
    std::vector<ContainerId> ids;  ///< sorted
    std::int64_t revision;         ///< at which these were all
  };
  [[nodiscard]] Result<Listed> list_at_revision() const;
  [[nodiscard]] const EtcdSite& site() const { return *site_; }

 private:
  void load_some(std::span<const ContainerId> ids, std::span<Result<Document>> into) const;

  const std::shared_ptr<const EtcdSite> site_;
};

}  // namespace latchfile
