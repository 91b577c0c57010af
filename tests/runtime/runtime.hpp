// SPDX-License-Identifier: Apache-2.0
//
// A real runtime and its containers, whose hooks are `latchfile hook`. All state is in a directory
// of the test. Each container has a bundle of its own: runtimes write into the root file system
// that they are given, and runc loses the race of two that share one.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {

class Runtime {
 public:
  /// `hook_options` go to `latchfile hook --print-config`; `program_arguments` to the program.
  Runtime(std::string name, const std::vector<std::string>& hook_options = {},
          const std::vector<std::string>& program_arguments = {});
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  /// Deletes every container that is left, whatever state it is in.
  ~Runtime();

  /// An id that no other test has: runtimes name cgroups by it, which all share.
  [[nodiscard]] std::string id(const std::string& name) const {
    return name + "-" + dir_.path().filename().string();
  }

  /// `RUNTIME ARGUMENTS…`: its exit code. What it and the container print goes to `log()`.
  [[nodiscard]] int call(const std::vector<std::string>& arguments) const;
  /// `RUNTIME create ID`, in `bundle_of(ID)`.
  [[nodiscard]] int create(const std::string& id) const;
  [[nodiscard]] std::string bundle_of(const std::string& id) const {
    return dir_ / ("bundles/" + id);
  }
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

  /// Where the runtime keeps its own state, a directory for each container.
  [[nodiscard]] std::string state_dir() const { return dir_ / "runtime"; }
  [[nodiscard]] std::string records() const { return dir_ / "records"; }

 private:
  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& arguments) const;

  TempDir dir_;
  std::string name_;
  nlohmann::json config_;  ///< of every bundle
};

}  // namespace latchfile::test
