// SPDX-License-Identifier: Apache-2.0
//
// The process that a document names: the one reading of it, for documents of every runtime.
//
// | form      | pid              | start time         | beside these                              |
// |-----------|------------------|--------------------|-------------------------------------------|
// | OCI state | pid              |                    | org.latchfile.process (docs/format.md)    |
// | crun      | pid              | process-start-time |                                           |
// | runc      | init_process_pid | init_process_start |                                           |
// | runsc     | sandbox.pid      |                    |                                           |
//
// org.latchfile.process says which pid it was written for, and counts only with that one: whoever
// changes the pid alone must not leave a start time behind that belongs to another process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "latchfile/oci.hpp"
#include "oci/members.hpp"

namespace latchfile::oci {

inline constexpr std::string_view identity_member = "org.latchfile.process";

/// Is given the members of a document one by one, in whatever order they come.
class ProcessReader {
 public:
  /// Whether `key` is a member that says something of the process in an OCI state or crun's status.
  bool take(std::string_view key, JsonValue value);
  /// The same for the members of runc and runsc, whose pid counts only if there is no `pid`.
  bool take_foreign(std::string_view key, JsonValue value);

  /// Nothing if the document names no process, or one that cannot be.
  [[nodiscard]] std::optional<Process> process() const;

  /// What is wrong with the members that take() was given; empty if nothing is.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  /// What the member org.latchfile.process holds.
  struct Identity {
    pid_t pid = 0;
    std::optional<std::uint64_t> start_time;
    std::string boot_id;
    std::optional<std::uint64_t> pid_namespace;
  };

  void read_pid(std::string_view name, JsonValue from, pid_t& into);
  void read_number(std::string_view name, JsonValue from, std::optional<std::uint64_t>& into);
  void read_identity(JsonValue from);
  void blame(std::string_view name, JsonValue value, std::string_view expected);

  bool pid_seen_ = false;
  pid_t pid_ = 0;  ///< 0: none
  pid_t foreign_pid_ = 0;
  std::optional<std::uint64_t> start_time_;
  std::optional<Identity> identity_;
  std::string fault_;
};

}  // namespace latchfile::oci
