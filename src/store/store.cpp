// SPDX-License-Identifier: Apache-2.0
#include "latchfile/store.hpp"

#include <optional>
#include <ranges>

#include "base/quote.hpp"
#include "store/backend.hpp"

namespace latchfile {
namespace {

Error ambiguous(std::string_view text, const std::vector<const ContainerId*>& matches) {
  constexpr std::size_t most_named = 10;
  std::string names;
  for (const auto* id : matches | std::views::take(most_named)) {
    names.append(names.empty() ? "" : ", ").append(id->text());
  }
  if (matches.size() > most_named) {
    names += " and " + std::to_string(matches.size() - most_named) + " more";
  }
  return {
      Errc::invalid_argument, 0,
      in_quotes(text) + " may mean " + std::to_string(matches.size()) + " containers: " + names};
}

/// The one id that `matches`, nothing if there is none.
template <class Predicate>
Result<std::optional<ContainerId>> only_match(std::string_view text,
                                              const std::vector<ContainerId>& ids,
                                              Predicate matches) {
  std::vector<const ContainerId*> found;
  for (const auto& id : ids) {
    if (matches(id)) found.push_back(&id);
  }
  if (found.size() > 1) return std::unexpected(ambiguous(text, found));
  if (found.empty()) return std::optional<ContainerId>();
  return std::optional<ContainerId>(*found.front());
}

}  // namespace

Store::Store(std::shared_ptr<const Backend> backend) : backend_(std::move(backend)) {}

bool Store::spans_machines() const { return backend_->spans_machines(); }

Result<std::vector<ContainerId>> Store::list() const { return backend_->list(); }

Result<std::vector<ContainerId>> Store::list_sandbox(std::string_view sandbox) const {
  // A sandbox is named like a container without one.
  if (const auto id = ContainerId::parse(sandbox); !id || !id->sandbox().empty()) {
    return std::unexpected(
        Error{Errc::invalid_argument, 0, "invalid sandbox id " + in_quotes(sandbox)});
  }
  auto ids = backend_->list();
  if (ids) std::erase_if(*ids, [&](const ContainerId& id) { return id.sandbox() != sandbox; });
  return ids;
}

Result<Snapshot> Store::load(const ContainerId& id, Wait settle) const {
  auto document = backend_->load(id, settle);
  if (!document) return std::unexpected(std::move(document.error()));
  return Snapshot{std::move(*document)};
}

Result<std::vector<LoadedEntry>> Store::load_all() const {
  std::vector<LoadedEntry> entries;
  auto visited = load_all([&](LoadedEntry entry) { entries.push_back(std::move(entry)); });
  if (!visited) return std::unexpected(std::move(visited.error()));
  return entries;
}

Result<> Store::load_all(const std::function<void(LoadedEntry)>& visit) const {
  auto ids = backend_->list();
  if (!ids) return std::unexpected(std::move(ids.error()));
  backend_->load_each(*ids, [&](std::size_t i, Result<Document> document) {
    auto& id = (*ids)[i];
    if (document) {
      visit({std::move(id), Snapshot{std::move(*document)}});
    } else if (document.error().code != Errc::not_found) {
      visit({std::move(id), std::unexpected(std::move(document.error()))});
    }
  });
  return {};
}

Result<ContainerId> Store::resolve(std::string_view text) const {
  const auto exact = ContainerId::parse(text);
  if (!exact) return std::unexpected(exact.error());
  const auto exists = backend_->exists(*exact);
  if (!exists) return std::unexpected(exists.error());
  if (*exists) return *exact;

  const auto ids = backend_->list();
  if (!ids) return std::unexpected(ids.error());
  // With a sandbox in the text only that sandbox is searched.
  const auto in_scope = [&](const ContainerId& id) {
    return exact->sandbox().empty() || id.sandbox() == exact->sandbox();
  };
  auto named = only_match(text, *ids, [&](const ContainerId& id) {
    return in_scope(id) && id.container() == exact->container();
  });
  if (!named) return std::unexpected(std::move(named.error()));
  if (*named) return std::move(**named);
  auto begins = only_match(text, *ids, [&](const ContainerId& id) {
    return in_scope(id) && id.container().starts_with(exact->container());
  });
  if (!begins) return std::unexpected(std::move(begins.error()));
  if (*begins) return std::move(**begins);
  return std::unexpected(Error{Errc::not_found, 0,
                               "no container in " + std::string(backend_->location()) +
                                   " is named or begins with " + in_quotes(text)});
}

Result<LockedState> Store::lock(const ContainerId& id, Wait wait) const {
  auto acquired = backend_->lock(id, wait);
  if (!acquired) return std::unexpected(std::move(acquired.error()));
  return LockedState(id, std::move(acquired->lock), Snapshot{std::move(acquired->document)});
}

Result<Vacancy> Store::lock_for_new(const ContainerId& id, Wait wait) const {
  auto lock = backend_->lock_for_new(id, wait);
  if (!lock) return std::unexpected(std::move(lock.error()));
  return Vacancy(id, std::move(*lock));
}

Result<> Store::create(const ContainerId& id, Wait wait, Document document) const {
  auto vacancy = lock_for_new(id, wait);
  if (!vacancy) return std::unexpected(std::move(vacancy.error()));
  auto state = std::move(*vacancy).create(std::move(document));
  if (!state) return std::unexpected(std::move(state.error()));
  return {};
}

Result<Snapshot> Store::update(const ContainerId& id, Wait wait, const Change& change) const {
  auto state = lock(id, wait);
  if (!state) return std::unexpected(std::move(state.error()));
  auto changed = change(state->current());
  if (!changed) return std::unexpected(std::move(changed.error()));
  if (auto saved = state->save(std::move(*changed)); !saved) {
    return std::unexpected(std::move(saved.error()));
  }
  return state->current();
}

Result<std::vector<LockHolder>> Store::locks() const { return backend_->locks(); }

}  // namespace latchfile
