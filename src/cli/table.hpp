// SPDX-License-Identifier: Apache-2.0
//
// A table for people and for awk: aligned columns, no field empty, one line a row.
#pragma once

#include <string>
#include <vector>

#include "cli/output.hpp"

namespace latchfile::cli {

using Row = std::vector<std::string>;

/// A field for people: "-" if it is empty; control characters and what is not ASCII as \xNN; what
/// is longer than 4096 bytes cut, with "..." behind.
[[nodiscard]] std::string shown(const std::string& field);

/// Prints `rows` under `header`, each field as shown() has it. On a terminal the header is bold and
/// lines are cut at its width.
void print_table(Output& out, const Row& header, const std::vector<Row>& rows);

}  // namespace latchfile::cli
