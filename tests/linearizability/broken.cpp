// SPDX-License-Identifier: Apache-2.0
#include "linearizability/broken.hpp"

#include <array>
#include <fcntl.h>
#include <memory>
#include <sched.h>
#include <string_view>

#include "local/local_backend.hpp"

namespace latchfile::test {
namespace {

constexpr LocalOptions fast{.durability = Durability::unsafe_on_power_cut};

class EarlyBackend final : public Backend {
 public:
  explicit EarlyBackend(std::string root) : local_(real_kernel(), std::move(root), fast) {}

  std::string_view location() const override { return local_.location(); }
  Result<std::vector<ContainerId>> list() const override { return local_.list(); }
  Result<bool> exists(const ContainerId& id) const override { return local_.exists(id); }
  Result<Document> load(const ContainerId& id, Wait settle) const override {
    return local_.load(id, settle);
  }
  void load_each(std::span<const ContainerId> ids, const VisitLoaded& visit) const override {
    local_.load_each(ids, visit);
  }
  Result<AcquiredState> lock(const ContainerId& id, Wait wait) const override {
    auto early = local_.load(id, Wait::never());
    auto acquired = local_.lock(id, wait);
    if (early && acquired) acquired->document = std::move(*early);
    return acquired;
  }
  Result<std::unique_ptr<HeldLock>> lock_for_new(const ContainerId& id, Wait wait) const override {
    return local_.lock_for_new(id, wait);
  }
  Result<std::vector<LockHolder>> locks() const override { return local_.locks(); }

 private:
  LocalBackend local_;
};

}  // namespace

Sys<> InPlaceKernel::renameat(int dir, const char* from, const char* to) {
  const auto source = openat(dir, from, O_RDONLY, 0);
  if (!source) return std::unexpected(source.error());
  const auto target = openat(dir, to, O_WRONLY | O_CREAT | O_TRUNC, 0640);
  if (!target) return std::unexpected(target.error());
  std::array<char, 1000> part{};
  for (;;) {
    const auto got = read(source->get(), part.data(), part.size());
    if (!got) return std::unexpected(got.error());
    if (*got == 0) return unlinkat(dir, from);
    sched_yield();
    const auto put = write(target->get(), std::string_view(part.data(), *got));
    if (!put) return std::unexpected(put.error());
  }
}

Sys<> ForgetfulKernel::renameat(int dir, const char* from, const char* to) {
  if (++renames_ % 100 == 0) return unlinkat(dir, from);
  return PassingKernel::renameat(dir, from, to);
}

Store open_with(Kernel& kernel, const std::string& root) {
  return Store(std::make_shared<const LocalBackend>(kernel, root, fast));
}

Store open_reading_early(const std::string& root) {
  return Store(std::make_shared<const EarlyBackend>(root));
}

}  // namespace latchfile::test
