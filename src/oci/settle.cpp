// SPDX-License-Identifier: Apache-2.0
//
// States in a store: changed under the lock, and brought in line with what became of the process.
#include "latchfile/oci.hpp"
#include "oci/liveness.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::oci {
namespace {

Result<State> parse(const ContainerId& id, const Document& document) {
  auto state = State::parse(document);
  if (!state) state.error().context = std::string(id.text()) + ": " + state.error().context;
  return state;
}

bool is_dead(const Observer& observer, const State& state) {
  const auto* const process = state.process();
  return process != nullptr && observer.look(*process).verdict == Liveness::Verdict::dead;
}

}  // namespace

Status effective_status(const State& state) {
  return is_dead(Observer(real_kernel()), state) ? Status(Stopped{}) : state.status();
}

Result<State> update(const Store& store, const ContainerId& id, Wait wait,
                     const std::function<Result<State>(const State&)>& change) {
  const auto saved = store.update(id, wait, [&](const Snapshot& now) -> Result<Document> {
    const auto state = parse(id, now.document);
    if (!state) return std::unexpected(state.error());
    auto changed = change(*state);
    if (!changed) return std::unexpected(std::move(changed.error()));
    return changed->document();
  });
  if (!saved) return std::unexpected(saved.error());
  return parse(id, saved->document);
}

Result<State> settle(const Store& store, const ContainerId& id, Wait wait) {
  const Observer observer(real_kernel(), store);
  const auto seen = store.load(id);  // O1
  if (!seen) return std::unexpected(seen.error());
  auto state = parse(id, seen->document);
  if (!state || !is_dead(observer, *state)) return state;

  auto locked = store.lock(id, wait);  // O2
  if (!locked) return std::unexpected(std::move(locked.error()));
  state = parse(id, locked->current().document);  // O3
  if (!state || !is_dead(observer, *state)) return state;
  auto stopped = state->to_stopped();  // O4
  if (!stopped) return stopped;
  if (auto saved = locked->save(stopped->document()); !saved) {
    return std::unexpected(std::move(saved.error()));
  }
  return stopped;
}

}  // namespace latchfile::oci
