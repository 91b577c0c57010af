// SPDX-License-Identifier: Apache-2.0
//
// The operations of a store during which the power is cut.
#pragma once

#include <functional>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "crash/recovery.hpp"
#include "latchfile/local.hpp"

namespace latchfile::test {

/// What an operation is done to.
struct Scene {
  const Store& store;
  const Setting& setting;
  std::size_t which;      ///< of the ids
  const Document& fresh;  ///< another one than is there
  /// Called once the library has said what survives a power cut from now on.
  std::function<void(std::size_t which, Sighting)> promise;

  [[nodiscard]] const ContainerId& id() const { return setting.ids[which]; }
};

struct Operation {
  const char* name;
  std::optional<Sighting::Kind> needs;  ///< what must be there; nothing: anything
  std::function<Result<>(const Scene&)> act;
  Durability durability = Durability::full;
  /// Removes what a killed process left of an id without state.
  bool tidies = true;
};

/// Each leaves its guard only after the promise, so that the power is cut between the two as well.
[[nodiscard]] std::span<const Operation> operations();

/// For good is gone what it removes, and what a killed process had removed before.
[[nodiscard]] const Operation& forced_destroy();

/// Those that write, with Durability::unsafe_on_power_cut: they promise nothing.
[[nodiscard]] std::span<const Operation> unsynced_operations();

/// Those on all ids at once, with their guards held together.
[[nodiscard]] std::span<const Operation> operations_on_all();

std::ostream& operator<<(std::ostream& out, const Operation& operation);

}  // namespace latchfile::test
