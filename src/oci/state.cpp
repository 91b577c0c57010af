// SPDX-License-Identifier: Apache-2.0
//
// Reading a state.
#include <algorithm>
#include <array>

#include "base/quote.hpp"
#include "latchfile/oci.hpp"
#include "oci/process_reader.hpp"

namespace latchfile::oci {
namespace {

Error not_a_state(std::string why) {
  return {Errc::invalid_argument, 0, "not an OCI state: " + std::move(why)};
}

/// The members of an OCI state as they are read, and the first thing that is wrong with one.
class StateReader {
 public:
  void take(std::string_view key, JsonValue value) {
    if (process_.take(key, value)) return;
    if (key == "annotations") {
      note_once(key);
      read_annotations(value);
      return;
    }
    for (std::size_t i = 0; i < required.size(); ++i) {
      if (key != required[i]) continue;
      note_once(key);
      if (!read_string(value, values_[i])) blame(std::string(key) + " is no string");
    }
  }

  [[nodiscard]] Result<Container> container() {
    for (const auto name : required) {
      if (std::ranges::find(seen_, name) == seen_.end()) blame("it has no " + std::string(name));
    }
    if (!process_.fault().empty()) blame(process_.fault());
    if (!fault_.empty()) return std::unexpected(not_a_state(fault_));
    return Container{.id = values_[1],
                     .bundle = values_[3],
                     .oci_version = values_[0],
                     .annotations = std::move(annotations_)};
  }

  [[nodiscard]] Result<Status> status() const {
    const auto& name = values_[2];
    auto process = process_.process();
    if (name == "creating") return Creating{std::move(process)};
    if (name == "stopped") return Stopped{};
    if (name != "created" && name != "running" && name != "paused") {
      return std::unexpected(not_a_state("status is " + in_quotes(name) +
                                         ", not creating, created, running, paused or stopped"));
    }
    if (!process) {
      return std::unexpected(not_a_state("it is " + name + " and has no pid"));
    }
    if (name == "created") return Created{std::move(*process)};
    if (name == "running") return Running{std::move(*process)};
    return Paused{std::move(*process)};
  }

 private:
  void note_once(std::string_view key) {
    if (std::ranges::find(seen_, key) != seen_.end()) blame(std::string(key) + " is there twice");
    seen_.emplace_back(key);
  }

  void read_annotations(JsonValue from) {
    const bool is_object = for_each_member(from, [&](std::string_view key, JsonValue value) {
      std::string text;
      if (!read_string(value, text)) blame("annotation " + in_quotes(key) + " is no string");
      annotations_.emplace_back(key, std::move(text));
    });
    if (!is_object) blame("annotations is no object");
  }

  void blame(std::string why) {
    if (fault_.empty()) fault_ = std::move(why);
  }

  static constexpr std::array<std::string_view, 4> required = {"ociVersion", "id", "status",
                                                               "bundle"};
  std::array<std::string, required.size()> values_;
  Annotations annotations_;
  ProcessReader process_;
  std::vector<std::string> seen_;
  std::string fault_;
};

}  // namespace

const Process* process_of(const Status& status) {
  struct {
    const Process* operator()(const Creating& creating) const {
      return creating.process ? &*creating.process : nullptr;
    }
    const Process* operator()(const Created& created) const { return &created.process; }
    const Process* operator()(const Running& running) const { return &running.process; }
    const Process* operator()(const Paused& paused) const { return &paused.process; }
    const Process* operator()(const Stopped&) const { return nullptr; }
  } visitor;
  return std::visit(visitor, status);
}

State::State(Document document, Container container, Status status)
    : document_(std::move(document)),
      container_(std::move(container)),
      status_(std::move(status)) {}

Result<State> State::parse(const Document& document) {
  StateReader reader;
  for_each_member(document,
                  [&](std::string_view key, JsonValue value) { reader.take(key, value); });
  auto container = reader.container();
  if (!container) return std::unexpected(std::move(container.error()));
  auto status = reader.status();
  if (!status) return std::unexpected(std::move(status.error()));
  return State(document, std::move(*container), std::move(*status));
}

}  // namespace latchfile::oci
