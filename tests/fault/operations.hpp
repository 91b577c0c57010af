// SPDX-License-Identifier: Apache-2.0
//
// The operations of a store that the fault tests fail at every call, each with the world it is done
// in and with what it does to that world when nothing fails.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "latchfile/store.hpp"

namespace latchfile::test {

/// The container that the operations are done to. None is done to `bystander`.
inline constexpr const char* subject = "pod1/web";
inline constexpr const char* bystander = "db";
inline constexpr const char* old_text = R"({"n":0})";
inline constexpr const char* new_text = R"({"n":1})";
inline constexpr const char* bystander_text = R"({"who":"db"})";
/// In the temp file of a save that was killed. Stays until the next save needs the name.
inline constexpr const char* leftover_text = R"({"n":)";

/// What is done while calls fail. It owns the guards that it was prepared with.
using Action = std::function<Result<>()>;

struct Operation {
  const char* name;
  /// Makes the root, or leaves it out, through the kernel itself.
  std::function<void(const std::filesystem::path& root)> set_up;
  /// Takes what the action needs while nothing fails yet.
  std::function<Action(const Store&, const std::filesystem::path& root)> prepare;
  /// The document of the subject before and after; none: it does not exist.
  std::optional<std::string> before;
  std::optional<std::string> after;
  /// How the action ends when nothing fails; none: well.
  std::optional<Errc> outcome;
  /// At least so many faults are possible, or the test no longer tests anything.
  std::size_t least_faults;
};

[[nodiscard]] const std::vector<Operation>& operations();

/// For the names of test cases.
std::ostream& operator<<(std::ostream& out, const Operation& operation);

}  // namespace latchfile::test
