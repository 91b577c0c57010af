// SPDX-License-Identifier: Apache-2.0
#include "cli/listed.hpp"

#include "cli/errors.hpp"

namespace latchfile::cli {

void note_unreadable(Session& session, const LoadedEntry& entry) {
  if (!entry.state) session.notes.write(error_line(session.program, entry.state.error()));
}

Listed listed(const oci::Observer& observer, LoadedEntry entry) {
  if (!entry.state) {
    oci::Summary unreadable;
    unreadable.status = to_string(entry.state.error().code);
    return {std::move(entry.id), std::move(unreadable), entry.state.error().message()};
  }
  auto summary = oci::summarize(entry.state->document);
  summary.status = status_of(observer, summary);
  return {std::move(entry.id), std::move(summary), {}};
}

Row row_of(const Listed& entry) {
  const auto& summary = entry.summary;
  return {std::string(entry.id.text()),
          std::to_string(pid_of(entry)),
          summary.status,
          summary.bundle,
          summary.created,
          summary.owner};
}

nlohmann::ordered_json json_of(const Listed& entry, nlohmann::ordered_json object) {
  const auto& summary = entry.summary;
  object.update({{"ociVersion", summary.oci_version},
                 {"id", entry.id.container()},
                 {"sandbox", entry.id.sandbox()},
                 {"pid", pid_of(entry)},
                 {"status", summary.status},
                 {"bundle", summary.bundle},
                 {"created", summary.created},
                 {"owner", summary.owner}});
  auto& annotations = object["annotations"] = nlohmann::ordered_json::object();
  for (const auto& [key, value] : summary.annotations)
    annotations[key] = value;
  if (!entry.error.empty()) object["error"] = entry.error;
  return object;
}

}  // namespace latchfile::cli
