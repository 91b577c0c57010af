// SPDX-License-Identifier: Apache-2.0
//
// LocalBackend: the store in a root directory.
#pragma once

#include "latchfile/check.hpp"
#include "latchfile/local.hpp"
#include "local/root.hpp"
#include "store/backend.hpp"

namespace latchfile {

class LocalBackend final : public Backend {
 public:
  /// `root` is an absolute path.
  LocalBackend(Kernel& kernel, std::string root, LocalOptions options);

  std::string_view location() const override { return root_.path(); }
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

  [[nodiscard]] const Root& root() const { return root_; }

 private:
  Root root_;
  LocalOptions options_;
};

}  // namespace latchfile
