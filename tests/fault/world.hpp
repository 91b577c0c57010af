// SPDX-License-Identifier: Apache-2.0
//
// World: a root in memory with an operation prepared on it, and everything that must be true of it
// once the operation is over, however it ended.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "fault/operations.hpp"
#include "support/fault_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {

class World {
 public:
  explicit World(const Operation& operation);

  /// The kernel under the store. Armed by the caller, who then calls act().
  [[nodiscard]] FaultKernel& kernel() { return kernel_; }

  /// Does the operation, then ends the faults and lets the guards go.
  Result<> act();

  /// The document of the subject as it is in the root, the bytes of the file if it is none.
  [[nodiscard]] std::optional<std::string> document() const;

  /// Checks what no fault may change: nothing leaked, nothing left behind that `excused`, a suffix
  /// of names, does not end, no lock held, the bystander as it was, and the same store works again.
  void check_order(const std::vector<std::string>& excused);

 private:
  void check_names(const std::vector<std::string>& excused) const;
  void check_locks() const;
  void check_that_it_works() const;

  TempDir parent_;
  std::filesystem::path root_;
  FaultKernel kernel_;
  std::optional<Store> store_;
  Action action_;
  std::size_t descriptors_ = 0;
};

}  // namespace latchfile::test
