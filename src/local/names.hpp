// SPDX-License-Identifier: Apache-2.0
//
// File names in a root directory, and the ids they stand for. docs/format.md is their description.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "latchfile/container_id.hpp"

namespace latchfile::names {

inline constexpr std::string_view state_suffix = ".state";
inline constexpr std::string_view lock_suffix = ".lock";
inline constexpr std::string_view temp_suffix = ".state.tmp";
inline constexpr std::string_view sandbox_infix = "_sandbox:";

/// `web`, or `web_sandbox:pod1` for pod1/web.
[[nodiscard]] std::string stem(const ContainerId& id);

[[nodiscard]] inline std::string state(const ContainerId& id) {
  return stem(id).append(state_suffix);
}
[[nodiscard]] inline std::string lock(const ContainerId& id) {
  return stem(id).append(lock_suffix);
}
[[nodiscard]] inline std::string temp(const ContainerId& id) {
  return stem(id).append(temp_suffix);
}

/// Appends the id's text, `web` or `pod1/web`, if `name` ends in `suffix` and has one of our two
/// forms. Whether that text is an id only ContainerId::parse knows.
bool append_text(std::string_view name, std::string_view suffix, std::string& to);

/// The id whose file is called `name`, if it ends in `suffix` and is of one of our two forms.
[[nodiscard]] std::optional<ContainerId> parse(std::string_view name, std::string_view suffix);

}  // namespace latchfile::names
