// SPDX-License-Identifier: Apache-2.0
#include "crash/operations.hpp"

#include "latchfile/check.hpp"

namespace latchfile::test {
namespace {

using Kind = Sighting::Kind;

template <class T>
Result<> without_value(Result<T> result) {
  if (!result) return std::unexpected(std::move(result.error()));
  return {};
}

Result<> create(const Scene& scene) {
  auto vacancy = scene.store.lock_for_new(scene.id(), Wait::never());
  if (!vacancy) return without_value(std::move(vacancy));
  auto state = std::move(*vacancy).create(scene.fresh);
  if (state) scene.promise(scene.which, Sighting::of(scene.fresh));
  return without_value(std::move(state));
}

Result<> create_and_save(const Scene& scene) {
  auto vacancy = scene.store.lock_for_new(scene.id(), Wait::never());
  if (!vacancy) return without_value(std::move(vacancy));
  auto state = std::move(*vacancy).create(scene.setting.documents[1]);
  if (!state) return without_value(std::move(state));
  scene.promise(scene.which, Sighting::of(scene.setting.documents[1]));
  auto saved = state->save(scene.setting.documents[0]);
  if (saved) scene.promise(scene.which, Sighting::of(scene.setting.documents[0]));
  return saved;
}

Result<> drop_vacancy(const Scene& scene) {
  return without_value(scene.store.lock_for_new(scene.id(), Wait::never()));
}

Result<> save(const Scene& scene) {
  auto state = scene.store.lock(scene.id(), Wait::never());
  if (!state) return without_value(std::move(state));
  auto saved = state->save(scene.fresh);
  if (saved) scene.promise(scene.which, Sighting::of(scene.fresh));
  return saved;
}

Result<> update(const Scene& scene) {
  const auto change = [&](const Snapshot&) -> Result<Document> { return scene.fresh; };
  auto updated = scene.store.update(scene.id(), Wait::never(), change);
  if (updated) scene.promise(scene.which, Sighting::of(scene.fresh));
  return without_value(std::move(updated));
}

Result<> destroy(const Scene& scene) {
  auto state = scene.store.lock(scene.id(), Wait::never());
  if (!state) return without_value(std::move(state));
  auto destroyed = std::move(*state).destroy();
  if (destroyed) scene.promise(scene.which, {});
  return destroyed;
}

/// As `latchfile delete --force`.
Result<> destroy_if_there(const Scene& scene) {
  auto state = scene.store.lock(scene.id(), Wait::never());
  auto destroyed = state ? std::move(*state).destroy() : without_value(std::move(state));
  if (!destroyed && destroyed.error().code != Errc::not_found) return destroyed;
  scene.promise(scene.which, {});
  return {};
}

Result<> drop_lock(const Scene& scene) {
  return without_value(scene.store.lock(scene.id(), Wait::never()));
}

/// Of whatever the other operations and power cuts have left, which is never a torn document.
Result<> repair(const Scene& scene) {
  const auto report = scene.store.check({.repair = true, .wait = Wait::never()});
  if (!report) return std::unexpected(report.error());
  for (const auto& finding : report->findings) {
    if (finding.is_open()) return std::unexpected(Error{Errc::corrupt, 0, finding.detail});
  }
  return {};
}

Result<> save_all(const Scene& scene) {
  std::vector<LockedState> states;
  for (const auto& id : scene.setting.ids) {
    auto state = scene.store.lock(id, Wait::never());
    if (!state) return without_value(std::move(state));
    states.push_back(std::move(*state));
  }
  for (std::size_t which = 0; which < states.size(); ++which) {
    if (auto saved = states[which].save(scene.fresh); !saved) return saved;
    scene.promise(which, Sighting::of(scene.fresh));
  }
  return {};
}

Result<> create_all(const Scene& scene) {
  std::vector<Vacancy> vacancies;
  for (const auto& id : scene.setting.ids) {
    auto vacancy = scene.store.lock_for_new(id, Wait::never());
    if (!vacancy) return without_value(std::move(vacancy));
    vacancies.push_back(std::move(*vacancy));
  }
  for (std::size_t which = 0; which < vacancies.size(); ++which) {
    auto state = std::move(vacancies[which]).create(scene.fresh);
    if (!state) return without_value(std::move(state));
    scene.promise(which, Sighting::of(scene.fresh));
  }
  return {};
}

Result<> destroy_all(const Scene& scene) {
  std::vector<LockedState> states;
  for (const auto& id : scene.setting.ids) {
    auto state = scene.store.lock(id, Wait::never());
    if (!state) return without_value(std::move(state));
    states.push_back(std::move(*state));
  }
  for (std::size_t which = 0; which < states.size(); ++which) {
    if (auto destroyed = std::move(states[which]).destroy(); !destroyed) return destroyed;
    scene.promise(which, {});
  }
  return {};
}

}  // namespace

std::span<const Operation> operations() {
  static const std::vector<Operation> all = {
      {"Create", Kind::absent, create},
      {"CreateAndSave", Kind::absent, create_and_save},
      {"DropVacancy", Kind::absent, drop_vacancy},
      {"Save", Kind::document, save},
      {"Update", Kind::document, update},
      {"Destroy", Kind::document, destroy},
      {"DropLock", Kind::document, drop_lock},
      {"Repair", {}, repair},
  };
  return all;
}

const Operation& forced_destroy() {
  static const Operation operation{
      .name = "DestroyIfThere", .needs = {}, .act = destroy_if_there, .tidies = false};
  return operation;
}

std::span<const Operation> unsynced_operations() {
  static const std::vector<Operation> all = {
      {"UnsyncedCreate", Kind::absent, create, Durability::unsafe_on_power_cut},
      {"UnsyncedSave", Kind::document, save, Durability::unsafe_on_power_cut},
      {"UnsyncedDestroy", Kind::document, destroy, Durability::unsafe_on_power_cut},
  };
  return all;
}

std::span<const Operation> operations_on_all() {
  static const std::vector<Operation> all = {
      {"CreateAll", Kind::absent, create_all},
      {"SaveAll", Kind::document, save_all},
      {"DestroyAll", Kind::document, destroy_all},
  };
  return all;
}

std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  return out << operation.name;
}

}  // namespace latchfile::test
