// SPDX-License-Identifier: Apache-2.0
//
// The states that are written: the first one, and the steps from one to the next.
#include <array>

#include <nlohmann/json.hpp>

#include "base/quote.hpp"
#include "latchfile/edit.hpp"
#include "latchfile/oci.hpp"
#include "oci/process_reader.hpp"
#include "oci/steps.hpp"

namespace latchfile::oci {
namespace {

using Json = nlohmann::ordered_json;

/// The alternatives of Status, in their order.
enum Phase : std::size_t { creating, created, running, paused, stopped, phases };
static_assert(phases == std::variant_size_v<Status>);
constexpr std::array<std::string_view, phases> names = {"creating", "created", "running", "paused",
                                                        "stopped"};

/// The arrows of the picture in oci.hpp, from row to column; and with_process, which stays in
/// `creating`.
constexpr bool arrows[phases][phases] = {
    {true, true, false, false, true},     // creating
    {false, false, true, false, true},    // created
    {false, false, false, true, true},    // running
    {false, false, true, false, true},    // paused
    {false, false, false, false, false},  // stopped
};

std::string what_may_follow(std::size_t from) {
  std::string list;
  for (std::size_t to = 0; to < phases; ++to) {
    if (to == from || !arrows[from][to]) continue;
    list += (list.empty() ? "only " : " or ") + std::string(names[to]);
  }
  return list.empty() ? "nor anything else" : list;
}

Error no_such_step(const State& from, Phase to) {
  const auto now = from.status().index();
  return {Errc::invalid_argument, 0,
          "container " + printable(from.id()) + " is " + std::string(names[now]) +
              " and cannot become " + std::string(names[to]) + ", " + what_may_follow(now)};
}

/// Null where nothing is known: a merge then removes what was noted of another process.
Json identity_of(const Process& process) {
  const auto or_null = [](const auto& number) { return number ? Json(*number) : Json(); };
  return {{"pid", process.pid()},
          {"startTime", or_null(process.start_time())},
          {"bootId", process.boot_id().empty() ? Json() : Json(process.boot_id())},
          {"pidNamespace", or_null(process.pid_namespace())}};
}

Error invalid(std::string why) {
  return {Errc::invalid_argument, 0, "OCI state: " + std::move(why)};
}

Result<std::string> dump(const Json& json) {
  try {
    return json.dump();
  } catch (const Json::exception&) {
    return std::unexpected(invalid("a text is not UTF-8"));
  }
}

/// From `from` to `next()`, which may rely on what the table says of `from`.
template <class Next>
Result<State> step(const State& from, Phase to, Next next) {
  if (!arrows[from.status().index()][to]) return std::unexpected(no_such_step(from, to));
  return rewritten(from, next());
}

/// What the schema leaves to the text of the specification.
std::string fault_of(const Container& container) {
  if (container.id.empty()) return "the id is empty";
  if (container.oci_version.empty()) return "the ociVersion is empty";
  if (!container.bundle.starts_with('/')) {
    return "the bundle " + in_quotes(container.bundle) + " is no absolute path";
  }
  return {};
}

}  // namespace

Result<State> rewritten(const State& from, const Status& next) {
  Json patch = {{"status", to_string(next)}};
  const auto* const known = from.process();
  const auto* const process = process_of(next);
  if (process == nullptr) {
    patch["pid"] = nullptr;
    patch[std::string(identity_member)] = nullptr;
  } else if (known == nullptr || *known != *process) {
    patch["pid"] = process->pid();
    patch[std::string(identity_member)] = identity_of(*process);
  }
  const auto text = dump(patch);
  if (!text) return std::unexpected(text.error());
  const auto document = merge_patch(from.document(), *text);
  if (!document) return std::unexpected(document.error());
  // Read, not assumed: a state is what its document says.
  return State::parse(*document);
}

std::string_view to_string(const Status& status) { return names[status.index()]; }

Result<State> State::creating(const Container& container, std::optional<Process> process) {
  if (auto fault = fault_of(container); !fault.empty()) {
    return std::unexpected(invalid(std::move(fault)));
  }
  Json json = {{"ociVersion", container.oci_version}, {"id", container.id}, {"status", "creating"}};
  if (process) json["pid"] = process->pid();
  json["bundle"] = container.bundle;
  for (const auto& [key, value] : container.annotations) {
    if (json["annotations"].contains(key)) {
      return std::unexpected(invalid("annotation " + in_quotes(key) + " is there twice"));
    }
    json["annotations"][key] = value;
  }
  const auto text = dump(json);
  if (!text) return std::unexpected(text.error());
  auto document = Document::parse(*text);
  if (!document) return std::unexpected(std::move(document.error()));
  auto state = parse(*document);
  if (!state || !process) return state;
  return state->with_process(*process);
}

Result<State> State::with_process(const Process& process) const {
  return step(*this, Phase::creating, [&] { return Creating{process}; });
}

Result<State> State::to_created(const Process& process) const {
  return step(*this, created, [&] { return Created{process}; });
}

Result<State> State::to_running() const {
  return step(*this, running, [&] { return Running{*process()}; });
}

Result<State> State::to_paused() const {
  return step(*this, paused, [&] { return Paused{*process()}; });
}

Result<State> State::to_stopped() const {
  return step(*this, stopped, [] { return Stopped{}; });
}

}  // namespace latchfile::oci
