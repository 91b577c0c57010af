// SPDX-License-Identifier: Apache-2.0
//
// OCI states: whatever the members of a document are, it is a state or is refused; a state has a
// process exactly where its status needs one; and each step leaves a document that is a state, with
// every member that the step is not about as it was.
#include <string>

#include <nlohmann/json.hpp>

#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"
#include "latchfile/oci.hpp"
#include "oci/summary.hpp"

namespace latchfile::fuzz {
namespace {

using Json = nlohmann::json;
using oci::State;

/// What no step is about; discarded if a number in it fits no double.
Json others(const Document& document) {
  auto json = Json::parse(document.bytes(), nullptr, false);
  if (json.is_discarded()) return json;
  for (const auto* member : {"status", "pid", "org.latchfile.process"})
    json.erase(member);
  return json;
}

void check(const State& state) {
  const auto name = oci::to_string(state.status());
  const auto* const process = state.process();
  if (name == "stopped") require(process == nullptr, "what is stopped has no process");
  if (name != "stopped" && name != "creating") {
    require(process != nullptr && process->pid() > 0, "what has been created has a process");
  }
  const auto summary = oci::summarize(state.document());
  require(summary.status == name, "a summary has the status of the state");
  if (process != nullptr) require(summary.process == *process, "and its process");
}

void check_step(const State& from, const Result<State>& to) {
  if (!to) {
    require(to.error().code == Errc::invalid_argument || to.error().code == Errc::too_large,
            "a step that is refused says so");
    return;
  }
  check(*to);
  const auto kept = others(from.document());
  require(kept.is_discarded() || kept == others(to->document()), "a step keeps other members");
  require(to->annotations().size() <= from.annotations().size(), "and adds no annotation");
}

}  // namespace

void state(std::string_view input) {
  const auto document = Document::parse(std::string(input));
  if (!document) return;
  const auto state = State::parse(*document);
  if (!state) {
    require(state.error().code == Errc::invalid_argument, "what is no state is refused as such");
    return;
  }
  require(state->document() == *document, "reading changes nothing");
  check(*state);
  const auto process = oci::Process::recorded(4711, 7, "boot", 9);
  check_step(*state, state->with_process(*process));
  check_step(*state, state->to_created(*process));
  check_step(*state, state->to_running());
  check_step(*state, state->to_paused());
  check_step(*state, state->to_stopped());
}

}  // namespace latchfile::fuzz
