// SPDX-License-Identifier: Apache-2.0
#include "latchfile/store.hpp"
#include "store/backend.hpp"

namespace latchfile {

LockedState::LockedState(ContainerId id, std::unique_ptr<HeldLock> lock, Snapshot current)
    : id_(std::move(id)), lock_(std::move(lock)), current_(std::move(current)) {}
LockedState::LockedState(LockedState&&) noexcept = default;
LockedState& LockedState::operator=(LockedState&&) noexcept = default;
LockedState::~LockedState() = default;

Result<> LockedState::require(const Version& expected) const {
  const auto found = current_.version();
  if (found == expected) return {};
  return std::unexpected(Error{
      Errc::version_mismatch, 0,
      std::string(id_.text()) + " is of version " + found.text() + ", not " + expected.text()});
}

Result<> LockedState::save(Document document) {
  auto saved = lock_->save(document);
  if (saved || saved.error().code == Errc::commit_unknown) current_ = {std::move(document)};
  return saved;
}

Result<> LockedState::destroy() && {
  const auto lock = std::move(lock_);
  return lock->destroy();
}

int LockedState::descriptor() const { return lock_->descriptor(); }

std::chrono::steady_clock::time_point LockedState::held_until() const {
  return lock_->held_until();
}

Vacancy::Vacancy(ContainerId id, std::unique_ptr<HeldLock> lock)
    : id_(std::move(id)), lock_(std::move(lock)) {}
Vacancy::Vacancy(Vacancy&&) noexcept = default;
Vacancy& Vacancy::operator=(Vacancy&&) noexcept = default;
Vacancy::~Vacancy() = default;

Result<LockedState> Vacancy::create(Document document) && {
  auto lock = std::move(lock_);
  if (auto saved = lock->save(document); !saved) return std::unexpected(std::move(saved.error()));
  return LockedState(std::move(id_), std::move(lock), Snapshot{std::move(document)});
}

}  // namespace latchfile
