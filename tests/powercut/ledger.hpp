// SPDX-License-Identifier: Apache-2.0
//
// Ledger: what writers did to some containers up to a power cut, kept in memory that outlives them,
// and whether a store still bears it out afterwards.
//
// Each container has its operations numbered from 1, each noted before it begins and again when it
// has returned. An operation writes the document of its number, or destroys the container.
// Operations on one container follow each other, so that what is found after the cut must be the
// outcome of the last that returned or of a later one that began.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <string>
#include <vector>

#include "latchfile/store.hpp"

namespace latchfile::test {

/// The document of an operation: 200 bytes to 20 KB that differ from those of any other all over.
[[nodiscard]] Document revision(long number);
/// The number of such a document; -1 if it is not one, whole.
[[nodiscard]] long number_of(const Document& document);

/// One container. Its atomics are for the checker, not for writers to meet on: whoever notes holds
/// the container's lock or is the only one to use it.
struct Account {
  enum class Kind {
    kept,    ///< created once and then saved
    passing  ///< created by odd operations, destroyed by even ones
  };
  Kind kind = Kind::kept;
  std::atomic<long> begun = 0;
  std::atomic<long> returned = 0;

  [[nodiscard]] bool destroys(long number) const {
    return kind == Kind::passing && number % 2 == 0;
  }
};

struct Ledger {
  static constexpr std::size_t writers = 4;
  static constexpr std::size_t containers = 2 * writers + 1;
  /// The container that all writers save in turn.
  static constexpr std::size_t common = 2 * writers;

  std::array<Account, containers> accounts;
  std::atomic<bool> cut = false;  ///< set just before the power is cut
  std::atomic<long> operations = 0;
  std::atomic<long> failed_too_early = 0;
  std::atomic<std::size_t> ended = 0;

  /// Opens the accounts anew.
  void reset();

  /// The work of writer `index`, until an operation fails.
  void write(const Store& store, std::size_t index);

  /// What the store does not bear out, one line for each container concerned.
  [[nodiscard]] std::vector<std::string> faults(const Store& store) const;

 private:
  void note_return(Account& account, long number) const;
  Result<> step(const Store& store, std::size_t container);
};

[[nodiscard]] ContainerId container_id(std::size_t container);

}  // namespace latchfile::test
