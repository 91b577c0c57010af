// SPDX-License-Identifier: Apache-2.0
#include "oci/hook.hpp"

#include <array>
#include <utility>

#include "base/quote.hpp"
#include "oci/liveness.hpp"
#include "oci/steps.hpp"

namespace latchfile::oci {
namespace {

using Verdict = Liveness::Verdict;

constexpr auto stages = std::to_array<std::pair<std::string_view, HookStage>>({
    {"prestart", HookStage::prestart},
    {"createRuntime", HookStage::create_runtime},
    {"poststart", HookStage::poststart},
    {"poststop", HookStage::poststop},
});

/// The process that the runtime names, as one that is not mistaken for another later. Nothing if it
/// has ended already: its pid would be taken for whoever gets it next.
std::optional<Process> identified(const Observer& observer, const Process& named) {
  auto process = observer.identify(named.pid());
  if (process) return std::move(*process);
  if (process.error().code == Errc::not_found) return std::nullopt;
  // It cannot be seen from here. Whatever identity stood in the input was not found out by us.
  return *Process::recorded(named.pid());
}

/// The status that the stage calls for, with `process` in it.
Status status_at(HookStage stage, const State& said, Process process) {
  if (stage == HookStage::poststart) return Running{std::move(process)};
  if (std::holds_alternative<Creating>(said.status())) return Creating{std::move(process)};
  return Created{std::move(process)};
}

/// The record of a container that has none worth keeping.
Result<State> first_record(const Observer& observer, const HookInput& input) {
  const auto* const named = input.said.process();
  if (named == nullptr) return input.said;
  auto process = identified(observer, *named);
  if (!process) return rewritten(input.said, Stopped{});
  return rewritten(input.said, status_at(input.stage, input.said, std::move(*process)));
}

/// Names `id` as the errors of a store do.
std::string record_of(const ContainerId& id) { return "the record of " + std::string(id.text()); }

Error kept(const ContainerId& id, const Liveness& liveness) {
  return {Errc::already_exists, 0,
          record_of(id) +
              " was kept, since its process is not known to have ended: " + liveness.reason};
}

/// The recorded process, by what can be told of it now, if it is the one that the runtime names.
std::optional<Process> same_process(const Observer& observer, const Process& recorded,
                                    const State& said) {
  const auto* const named = said.process();
  if (named == nullptr || named->pid() != recorded.pid()) return std::nullopt;
  auto now = identified(observer, *named);
  // A container may have ended before its poststart: whoever had the pid last was the one.
  if (!now || *now == recorded) return recorded;
  // No two processes have a pid at once.
  if (observer.look(recorded).by_pid_alone) return now;
  return std::nullopt;
}

/// What the record `known` becomes at the start of a container.
Result<State> next_record(const Observer& observer, const HookInput& input, const State& known) {
  const auto* const recorded = known.process();
  if (recorded == nullptr) return first_record(observer, input);
  if (auto process = same_process(observer, *recorded, input.said)) {
    const auto next = status_at(input.stage, input.said, std::move(*process));
    // The alternatives of Status stand in the order of a life.
    return next.index() > known.status().index() ? rewritten(known, next) : known;
  }
  const auto liveness = observer.look(*recorded);
  if (liveness.verdict != Verdict::dead) return std::unexpected(kept(input.id, liveness));
  return first_record(observer, input);
}

Result<State> parse_record(const LockedState& locked) {
  auto known = State::parse(locked.current().document);
  if (!known) {
    known.error().context = record_of(locked.id()) + " was kept, as it is " + known.error().context;
  }
  return known;
}

Result<> save(LockedState& locked, const State& next) {
  if (next.document() == locked.current().document) return {};
  return locked.save(next.document());
}

Result<> start(const Observer& observer, const HookInput& input, LockedState locked) {
  const auto known = parse_record(locked);
  if (!known) return std::unexpected(known.error());
  const auto next = next_record(observer, input, *known);
  if (!next) return std::unexpected(next.error());
  return save(locked, *next);
}

/// A runtime may have sent SIGKILL a moment ago: waits for the end of the recorded process, with no
/// lock held. What was waited for is looked at again under the lock.
void await_end(Kernel& kernel, const Store& store, const ContainerId& id,
               Kernel::Clock::time_point deadline) {
  const auto snapshot = store.load(id, Wait::at_most(deadline - kernel.now()));
  if (!snapshot) return;
  const auto known = State::parse(snapshot->document);
  if (!known || known->process() == nullptr) return;
  const auto process = open_process(kernel, *known->process());
  if (!process) return;
  static_cast<void>(readable_by(kernel, process->get(), deadline));
}

Result<> stop(const Observer& observer, LockedState locked, AtPoststop at_poststop) {
  const auto known = parse_record(locked);
  if (!known) return std::unexpected(known.error());
  if (const auto* const recorded = known->process()) {
    // runc frees the id before this hook, so that the next container of the name may be there
    // already. Only a process that is surely that of the record tells so.
    const auto liveness = observer.look(*recorded);
    if (liveness.verdict == Verdict::alive && !liveness.by_pid_alone) {
      return std::unexpected(kept(locked.id(), liveness));
    }
  }
  if (at_poststop == AtPoststop::remove) return std::move(locked).destroy();
  const auto next = rewritten(*known, Stopped{});
  if (!next) return std::unexpected(next.error());
  return save(locked, *next);
}

Result<> create(const Observer& observer, const HookInput& input, Vacancy vacancy) {
  const auto first = first_record(observer, input);
  if (!first) return std::unexpected(first.error());
  if (auto created = std::move(vacancy).create(first->document()); !created) {
    return std::unexpected(std::move(created.error()));
  }
  return {};
}

}  // namespace

Result<HookStage> parse_hook_stage(std::string_view name) {
  for (const auto& [known, stage] : stages) {
    if (name == known) return stage;
  }
  const bool inside = name == "createContainer" || name == "startContainer";
  return std::unexpected(Error{
      Errc::invalid_argument, 0,
      name.empty() ? "say at which stage: createRuntime, prestart, poststart or poststop"
      : inside ? std::string(name) + " hooks run inside the container, where the root is not to be "
                                     "found: use createRuntime, poststart and poststop"
               : in_quotes(name) + " is no stage: createRuntime, prestart, poststart or poststop"});
}

Result<HookInput> parse_hook_input(HookStage stage, const Document& document) {
  auto said = State::parse(document);
  if (!said) return std::unexpected(std::move(said.error()));
  auto id = ContainerId::parse(said->id());
  if (!id) return std::unexpected(std::move(id.error()));
  if (!id->sandbox().empty()) {
    return std::unexpected(
        Error{Errc::invalid_argument, 0, "the id " + in_quotes(said->id()) + " has a slash in it"});
  }
  return HookInput{stage, std::move(*id), std::move(*said)};
}

Result<> keep_record(Kernel& kernel, const Store& store, const HookInput& input,
                     AtPoststop at_poststop, Kernel::Clock::time_point deadline) {
  const auto wait = [&] { return Wait::at_most(deadline - kernel.now()); };
  const Observer observer(kernel);
  if (input.stage == HookStage::poststop) await_end(kernel, store, input.id, deadline);
  // Between a look at what is there and one at what is not, somebody else may create or destroy.
  constexpr int most_rounds = 16;
  for (int round = 1;; ++round) {
    auto locked = store.lock(input.id, wait());
    if (locked) {
      return input.stage == HookStage::poststop ? stop(observer, std::move(*locked), at_poststop)
                                                : start(observer, input, std::move(*locked));
    }
    if (locked.error().code != Errc::not_found) return std::unexpected(locked.error());
    if (input.stage == HookStage::poststop) return {};
    auto vacancy = store.lock_for_new(input.id, wait());
    if (vacancy) return create(observer, input, std::move(*vacancy));
    if (vacancy.error().code != Errc::already_exists || round == most_rounds) {
      return std::unexpected(std::move(vacancy.error()));
    }
  }
}

}  // namespace latchfile::oci
