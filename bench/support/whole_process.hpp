// SPDX-License-Identifier: Apache-2.0
//
// Programs from fork to their end, as somebody who types them has them.
#pragma once

#include <string>
#include <vector>

#include "support/pair.hpp"

namespace latchfile::bench {

/// Runs the program at the path `arguments[0]` with its output thrown away. It has to end with 0.
void run_to_its_end(const std::vector<std::string>& arguments);

/// A batch of them, one after the other.
[[nodiscard]] Side processes(const std::vector<std::string>& command);

}  // namespace latchfile::bench
