// SPDX-License-Identifier: Apache-2.0
//
// Containers of a real runtime: a bundle whose hooks are `latchfile hook`, and the runtime's
// commands on it. All state is in a directory of the test.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {

class Bundle {
 public:
  /// `hook_options` go to `latchfile hook --print-config`; `program_arguments` to the program.
  Bundle(std::string runtime, const std::vector<std::string>& hook_options = {},
         const std::vector<std::string>& program_arguments = {});
  Bundle(const Bundle&) = delete;
  Bundle& operator=(const Bundle&) = delete;
  /// Deletes every container that is left, whatever state it is in.
  ~Bundle();

  /// An id that no other test has: runtimes name cgroups by it, which all share.
  [[nodiscard]] std::string id(const std::string& name) const {
    return name + "-" + dir_.path().filename().string();
  }

  /// `RUNTIME ARGUMENTS…`: its exit code. What it and the container print goes to `log()`.
  [[nodiscard]] int runtime(const std::vector<std::string>& arguments) const;
  /// `RUNTIME create ID`.
  [[nodiscard]] int create(const std::string& id) const;
  /// What `RUNTIME state ID` prints; null if it fails.
  [[nodiscard]] nlohmann::json state(const std::string& id) const;

  /// `latchfile ARGUMENTS…` on the root of the records.
  [[nodiscard]] Outcome latchfile(const std::vector<std::string>& arguments) const;
  /// The record of a container; null if there is none.
  [[nodiscard]] nlohmann::json record(const std::string& id) const;
  /// The status that `latchfile list` shows; empty if the container is not there.
  [[nodiscard]] std::string listed(const std::string& id) const;

  /// What the runtime printed, and what the hooks had to complain of.
  [[nodiscard]] std::string log() const;
  [[nodiscard]] std::string complaints() const;

  [[nodiscard]] const TempDir& dir() const { return dir_; }
  [[nodiscard]] std::string records() const { return dir_ / "records"; }

 private:
  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& arguments) const;

  TempDir dir_;
  std::string runtime_;
};

}  // namespace latchfile::test
