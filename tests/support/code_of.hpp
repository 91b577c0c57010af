// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "latchfile/error.hpp"

namespace latchfile::test {

/// `success`, or the name of the error's code, so that a failed comparison says which it was.
template <class T>
[[nodiscard]] std::string code_of(const Result<T>& result) {
  return result ? "success" : std::string(to_string(result.error().code));
}

}  // namespace latchfile::test
