// SPDX-License-Identifier: Apache-2.0
//
// Which errors each system call may end with where the store calls it.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "support/fault_kernel.hpp"

namespace latchfile::test {

struct PossibleError {
  int error;
  /// It may come once, but not again and again: the next attempt meets another situation.
  bool only_once = false;
};

/// Those that section ERRORS of the call's man page lists, without the ones that only a wrong
/// argument causes (EBADF, EFAULT) and without those that say something of a name which the test
/// can see to be false.
[[nodiscard]] std::vector<PossibleError> possible_errors(const FaultKernel::Record& call);

/// Calls `fail` with each fault that `calls` may have: every error of every call, once and, where
/// it may come again and again, from then on.
void for_each_fault(
    const std::vector<FaultKernel::Record>& calls,
    const std::function<void(const FaultKernel::Record&, const FaultKernel::Fault&)>& fail);

/// `EIO`
[[nodiscard]] std::string_view name_of_errno(int error);

}  // namespace latchfile::test
