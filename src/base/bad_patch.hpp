// SPDX-License-Identifier: Apache-2.0
//
// The error of a patch that cannot be applied.
#pragma once

#include <string>
#include <utility>

#include "latchfile/error.hpp"

namespace latchfile {

[[nodiscard]] inline Error bad_patch(std::string why) {
  return {Errc::invalid_argument, 0, "patch: " + std::move(why)};
}

}  // namespace latchfile
