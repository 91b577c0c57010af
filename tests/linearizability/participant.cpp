// SPDX-License-Identifier: Apache-2.0
#include "linearizability/participant.hpp"

#include <algorithm>

#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

bool is_busy(const Error& error) {
  return error.code == Errc::locked || error.code == Errc::timed_out;
}

Document document(State number) { return numbered(static_cast<long>(number)); }

}  // namespace

void Scene::add_unexpected(std::string_view what) {
  if (++unexpected != 1) return;
  // The rest stays zero, so that the text ends even if its writer is killed.
  std::ranges::copy(what.substr(0, first_unexpected.size() - 1), first_unexpected.begin());
}

/// A stay inside. It must end before the guard does.
class Participant::Inside {
 public:
  explicit Inside(Participant& participant)
      : witness_(&participant.scene_->witnesses[participant.id_]), self_(participant.self_) {
    if (participant.scene_->is_remote) {
      witness_ = nullptr;  // who was stopped for longer than its lock lasts may be inside
    } else {
      witness_->enter(self_, participant.scene_->condemned);
    }
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { leave(); }

  void leave() {
    if (witness_ != nullptr) witness_->leave(self_);
    witness_ = nullptr;
  }

 private:
  MortalWitness* witness_;
  Visitor self_;
};

Participant::Participant(const Store& store, const std::vector<ContainerId>& ids, Scene& scene,
                         Journal& journal, Visitor self, unsigned seed)
    : store_(&store),
      ids_(&ids),
      scene_(&scene),
      journal_(&journal),
      self_(self),
      random_(seed + self.lane * 1'000'003U + self.life * 7'919U) {}

void Participant::work(long operations) {
  while (scene_->operations < operations) {
    id_ = below(ids_->size());
    act();
  }
}

void Participant::look_at_all() {
  for (id_ = 0; id_ < ids_->size(); ++id_)
    load();
}

void Participant::act() {
  switch (below(10)) {
    case 0:
    case 1: return create();
    case 2: return fill_vacancy();
    case 3:
    case 4: return change_under_guard();
    case 5:
    case 6: return update();
    case 7: return load();
    case 8: return list();
    default: return load_all();
  }
}

void Participant::create() {
  const auto number = next_number();
  const auto creating = begin(absent, number);
  const auto created = store_->create(id(), some_wait(), document(number));
  if (created) {
    journal_->done(lane());
    has_locked(creating);
  } else {
    refused(created.error());
  }
}

void Participant::fill_vacancy() {
  const auto locking = begin();
  auto vacancy = store_->lock_for_new(id(), some_wait());
  if (!vacancy) return refused(locking, vacancy.error());
  observed(locking, absent);
  has_locked(locking);
  Inside inside(*this);
  if (one_in(4)) return;  // unused; the stay ends before the lock, which is the older object

  const auto number = next_number();
  begin(absent, number);
  auto state = std::move(*vacancy).create(document(number));
  if (!state) return refused(state.error());
  journal_->done(lane());
  if (one_in(2) && !save(*state)) return;
  inside.leave();
  if (one_in(4)) destroy(std::move(*state));
}

void Participant::change_under_guard() {
  const auto locking = begin();
  auto state = store_->lock(id(), some_wait());
  if (!state) return refused(locking, state.error());
  observed(locking, number_of(state->current()));
  has_locked(locking);
  Inside inside(*this);
  for (auto saves = below(3); saves > 0; --saves) {
    if (!save(*state)) return;
  }
  if (one_in(2)) load();
  inside.leave();
  if (one_in(2)) destroy(std::move(*state));
}

void Participant::update() {
  const auto number = next_number();
  State read = absent;
  const auto updating = begin(any_document, number);
  const auto updated =
      store_->update(id(), some_wait(), [&](const Snapshot& now) -> Result<Document> {
        const Inside inside(*this);
        read = number_of(now);
        return document(number);
      });
  if (updated) {
    journal_->done(lane(), read);
    has_locked(updating);
  } else {
    refused(updated.error());
  }
}

void Participant::load() {
  const auto loading = begin();
  const auto found = store_->load(id());
  if (!found) return refused(loading, found.error());
  observed(loading, number_of(*found));
}

void Participant::list() {
  const auto listing = begin();
  const auto listed = store_->list();
  if (!listed) return failed(listed.error());
  for (id_ = 0; id_ < ids_->size(); ++id_) {
    observed(listing, std::ranges::binary_search(*listed, id()) ? any_document : absent);
  }
}

void Participant::load_all() {
  const auto loading = begin();
  const auto entries = store_->load_all();
  if (!entries) return failed(entries.error());
  for (id_ = 0; id_ < ids_->size(); ++id_) {
    const auto entry = std::ranges::find(*entries, id(), &LoadedEntry::id);
    if (entry == entries->end()) {
      observed(loading, absent);
    } else if (entry->state) {
      observed(loading, number_of(*entry->state));
    } else {
      refused(loading, entry->state.error());
    }
  }
}

bool Participant::save(LockedState& state) {
  const auto number = next_number();
  begin(number_of(state.current()), number);
  const auto saved = state.save(document(number));
  if (saved) {
    journal_->done(lane());
  } else {
    refused(saved.error());
  }
  return saved || saved.error().code != Errc::commit_unknown;
}

void Participant::destroy(LockedState state) {
  begin(number_of(state.current()), absent);
  const auto destroyed = std::move(state).destroy();
  if (destroyed) {
    journal_->done(lane());
  } else {
    refused(destroyed.error());
  }
}

Time Participant::begin() {
  ++scene_->operations;
  return monotonic_now();
}

Time Participant::begin(State before, State after) {
  const auto now = begin();
  journal_->begin(lane(), id_, before, after);
  return now;
}

void Participant::refused(const Error& error) {
  if (error.code == Errc::already_exists) {
    journal_->refused(lane(), any_document);
  } else if (error.code == Errc::not_found) {
    journal_->refused(lane(), absent);
  } else {
    // One that may have been made stays open in the journal.
    if (error.code != Errc::commit_unknown) journal_->forget(lane());
    failed(error);
  }
}

void Participant::refused(Time begin, const Error& error) {
  if (error.code == Errc::already_exists) {
    observed(begin, any_document);
  } else if (error.code == Errc::not_found) {
    observed(begin, absent);
  } else {
    failed(error);
  }
}

void Participant::failed(const Error& error) {
  if (is_busy(error)) return;
  if (!scene_->is_remote) return scene_->add_unexpected(error.message());
  switch (error.code) {
    case Errc::unavailable: ++scene_->unavailable; break;
    case Errc::commit_unknown: ++scene_->unknown; break;
    case Errc::lock_lost: ++scene_->lost; break;
    default: scene_->add_unexpected(error.message());
  }
}

State Participant::number_of(const Snapshot& snapshot) {
  const auto number = number_in(snapshot.document);
  if (!number) scene_->add_unexpected("torn: " + snapshot.document.bytes());
  return static_cast<State>(number.value_or(0));
}

Wait Participant::some_wait() {
  switch (below(4)) {
    case 0: return Wait::never();
    case 1: return Wait::at_most(std::chrono::milliseconds(1));
    default: return Wait::forever();
  }
}

}  // namespace latchfile::test
