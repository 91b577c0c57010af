// SPDX-License-Identifier: Apache-2.0
//
// What the contract needs of a backend to try it: a store, and ways to disturb it from below.
//
// A backend is plugged in with one file NAME_fixture.cpp in this folder, which defines a
// StoreFixture and, at namespace scope,
//
//   const bool plugged_in = plug_in({"name", [] { return std::make_unique<NameFixture>(); }});
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "latchfile/store.hpp"

namespace latchfile::test {

/// A store that a test has for itself and that goes with it. It is empty and, where a backend makes
/// its store at the first write, not there yet.
class StoreFixture {
 public:
  enum class Fault {
    none,
    before_commit,  ///< saves fail with io and change nothing
    after_commit,   ///< saves and destroys become visible and cannot be made durable
  };

  StoreFixture() = default;
  StoreFixture(const StoreFixture&) = delete;
  StoreFixture& operator=(const StoreFixture&) = delete;
  virtual ~StoreFixture() = default;

  /// A handle on the store that shares nothing with those of earlier calls.
  [[nodiscard]] virtual Store open() = 0;

  /// From now on, for every handle.
  virtual void set_fault(Fault fault) = 0;

  /// Puts `bytes` where the document of `id` is kept, whatever they are.
  virtual void plant(const ContainerId& id, std::string_view bytes) = 0;

  /// Puts something there that must not be read at all; false if the backend knows no such thing.
  [[nodiscard]] virtual bool plant_untrusted(const ContainerId& id) = 0;

  /// Everything that is kept in the store, locks and leftovers included, sorted.
  [[nodiscard]] virtual std::vector<std::string> inventory() const = 0;
};

struct BackendUnderTest {
  std::string name;
  std::function<std::unique_ptr<StoreFixture>()> make;
};

inline std::ostream& operator<<(std::ostream& out, const BackendUnderTest& backend) {
  return out << backend.name;
}

inline std::vector<BackendUnderTest>& plugged_in_backends() {
  static std::vector<BackendUnderTest> backends;
  return backends;
}

inline bool plug_in(BackendUnderTest backend) {
  plugged_in_backends().push_back(std::move(backend));
  return true;
}

}  // namespace latchfile::test
