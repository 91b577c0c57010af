// SPDX-License-Identifier: Apache-2.0
//
// One JSON array on standard output, written element by element; `[]` if there are none.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/output.hpp"

namespace latchfile::cli {

class JsonArray {
 public:
  explicit JsonArray(Output& out) : out_(out) { out_.write("["); }

  void add(const nlohmann::ordered_json& element) {
    if (!std::exchange(empty_, false)) out_.write(",\n ");
    // Text of other processes need not be UTF-8.
    out_.write(element.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  }
  void end() { out_.write("]\n"); }

 private:
  Output& out_;
  bool empty_ = true;
};

}  // namespace latchfile::cli
