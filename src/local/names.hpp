// SPDX-License-Identifier: Apache-2.0
//
// File names in a root directory, and the ids they stand for. docs/format.md is their description.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "latchfile/container_id.hpp"

namespace latchfile::names {

inline constexpr std::string_view state_suffix = ".state";
inline constexpr std::string_view lock_suffix = ".lock";
inline constexpr std::string_view temp_suffix = ".state.tmp";
inline constexpr std::string_view quarantine_infix = ".corrupt-";
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

/// `web.corrupt-20260724T091500Z`. A year beyond 9999 is written as 9999.
[[nodiscard]] std::string quarantine(const ContainerId& id, std::chrono::sys_seconds time);

/// What an id is read from: views into a file name.
struct Parts {
  std::string_view sandbox;  ///< empty: none
  std::string_view container;
};

/// The parts of `name`, if it ends in `suffix` and is of one of our two forms. Whether they can
/// make an id is not looked at. Inline, so that a list compares with suffixes that the compiler
/// knows.
[[nodiscard]] constexpr std::optional<Parts> split(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  // A slash is in no file name and a colon in no id, so there is at most one place to split.
  const auto colon = name.find(':');
  if (colon == name.npos) return Parts{.sandbox = {}, .container = name};
  const auto sandbox = name.substr(colon + 1);
  auto container = name.substr(0, colon + 1);
  if (sandbox.empty() || !container.ends_with(sandbox_infix)) return std::nullopt;
  container.remove_suffix(sandbox_infix.size());
  return Parts{.sandbox = sandbox, .container = container};
}

/// The id whose file is called `name`, if it ends in `suffix` and is of one of our two forms.
[[nodiscard]] std::optional<ContainerId> parse(std::string_view name, std::string_view suffix);

/// The id whose state was moved to a file called `name`, if that is of the form above.
[[nodiscard]] std::optional<ContainerId> parse_quarantine(std::string_view name);

}  // namespace latchfile::names
