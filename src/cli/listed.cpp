// SPDX-License-Identifier: Apache-2.0
#include "cli/listed.hpp"

#include "base/timestamp.hpp"
#include "cli/errors.hpp"

namespace latchfile::cli {

void note_unreadable(Session& session, const LoadedEntry& entry) {
  if (!entry.state) session.notes.write(error_line(session.program, entry.state.error()));
}

Result<std::optional<MirroredHost>> host_of(Session& session) {
  if (!session.store.spans_machines()) return std::optional<MirroredHost>();
  auto host = session.etcd.host();
  if (host && *host && !(*host)->is_alive) {
    session.notes.write(session.program + ": " + (*host)->name + " was last heard of at " +
                        text_of((*host)->last_contact) + ": what is stored may be over\n");
    session.notes.flush_or_drop();
  }
  return host;
}

Listed listed(const oci::Observer& observer, LoadedEntry entry, const MirroredHost* host) {
  if (!entry.state) {
    oci::Summary unreadable;
    unreadable.status = to_string(entry.state.error().code);
    return {std::move(entry.id), std::move(unreadable), entry.state.error().message(), host};
  }
  auto summary = oci::summarize(entry.state->document);
  const bool is_heard_of = host == nullptr || host->is_alive;
  summary.status = is_heard_of ? status_of(observer, summary) : "unknown";
  return {std::move(entry.id), std::move(summary), {}, host};
}

std::string last_contact_of(const Listed& entry) {
  const bool is_dead = entry.host != nullptr && !entry.host->is_alive;
  return is_dead ? text_of(entry.host->last_contact) : std::string();
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
  if (entry.host != nullptr) {
    object.update({{"host", entry.host->name},
                   {"hostAlive", entry.host->is_alive},
                   {"lastContact", text_of(entry.host->last_contact)}});
  }
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
