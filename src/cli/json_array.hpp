// SPDX-License-Identifier: Apache-2.0
//
// JSON on standard output, element by element: one array, `[]` if there are none, or lines.
#pragma once

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "cli/output.hpp"

namespace latchfile::cli {

/// On one line. Text of other processes need not be UTF-8.
[[nodiscard]] inline std::string json_text(const nlohmann::ordered_json& element) {
  return element.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

class JsonArray {
 public:
  explicit JsonArray(Output& out) : out_(out) { out_.write("["); }

  void add(const nlohmann::ordered_json& element) { add_text(json_text(element)); }
  /// An element that is written out already.
  void add_text(const std::string& element) {
    if (!std::exchange(empty_, false)) out_.write(",\n ");
    out_.write(element);
  }
  void end() { out_.write("]\n"); }

 private:
  Output& out_;
  bool empty_ = true;
};

}  // namespace latchfile::cli
