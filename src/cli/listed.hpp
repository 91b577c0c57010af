// SPDX-License-Identifier: Apache-2.0
//
// What the commands show of a container: the same in a list as in a change that is told.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/fields.hpp"
#include "cli/session.hpp"
#include "cli/table.hpp"
#include "oci/liveness.hpp"

namespace latchfile::cli {

/// Says so in a note if the entry cannot be read. That is for every entry, whatever is asked for:
/// nobody knows whether it is one of those.
void note_unreadable(Session& session, const LoadedEntry& entry);

/// The machine whose root the store mirrors; nothing if it is no mirror. Says so in a note if the
/// machine is not heard of any more.
[[nodiscard]] Result<std::optional<MirroredHost>> host_of(Session& session);

/// The status of what a dead machine has published is "unknown". `host` must outlive the value.
[[nodiscard]] Listed listed(const oci::Observer& observer, LoadedEntry entry,
                            const MirroredHost* host = nullptr);

/// When the machine of an entry was last heard of, in RFC 3339, if it is dead; else empty.
[[nodiscard]] std::string last_contact_of(const Listed& entry);

/// ID, PID, STATUS, BUNDLE, CREATED, OWNER.
[[nodiscard]] Row row_of(const Listed& entry);

/// As an object, behind the members that `object` has already.
[[nodiscard]] nlohmann::ordered_json json_of(
    const Listed& entry, nlohmann::ordered_json object = nlohmann::ordered_json::object());

}  // namespace latchfile::cli
