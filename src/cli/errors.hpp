// SPDX-License-Identifier: Apache-2.0
//
// How a failure is told: an exit code for programs, one line for people.
#pragma once

#include <string>
#include <string_view>

#include "latchfile/error.hpp"

namespace latchfile::cli {

/// 1 any other · 2 usage · 3 not found · 4 already exists · 5 locked or timed out · 6 version
/// mismatch · 7 corrupt
[[nodiscard]] int exit_code(const Error& error);

/// `PROGRAM: what failed, on what, why; what to do`, with a newline.
[[nodiscard]] std::string error_line(std::string_view program, const Error& error);

}  // namespace latchfile::cli
