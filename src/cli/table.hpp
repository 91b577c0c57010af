// SPDX-License-Identifier: Apache-2.0
//
// A table for people and for awk: aligned columns, no field empty, one line a row.
#pragma once

#include <string>
#include <vector>

#include "cli/output.hpp"

namespace latchfile::cli {

using Row = std::vector<std::string>;

/// Prints `rows` under `header`. An empty field becomes "-", and control characters and what is not
/// ASCII become \xNN. On a terminal the header is bold and lines are cut at its width.
void print_table(Output& out, const Row& header, const std::vector<Row>& rows);

}  // namespace latchfile::cli
