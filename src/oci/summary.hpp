// SPDX-License-Identifier: Apache-2.0
//
// What the documents of container runtimes have in common, whichever runtime wrote them.
//
// | field       | OCI state   | runsc              | runc                      | crun |
// |-------------|-------------|--------------------|---------------------------|--------------------|
// | oci_version | ociVersion  | spec.ociVersion    | config.version            | | | status      |
// status      | status             |                           |                    | | pid | pid
// | sandbox.pid        | init_process_pid          | pid                | | start_time  | | |
// init_process_start        | process-start-time | | bundle      | bundle      | bundleDir |
// config.labels: bundle=…   | bundle             | | created     |             | createdAt |
// created                   | created            | | owner       |             | owner | | owner |
// | annotations | annotations | spec.annotations   | config.labels, the others | |
//
// A document of any other form has an empty summary; none is an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "latchfile/document.hpp"

namespace latchfile {

struct Summary {
  std::string oci_version;
  std::string status;  ///< as written; empty in forms that leave it to be found out
  pid_t pid = 0;       ///< 0: none
  std::optional<std::uint64_t> start_time;  ///< clock ticks after boot, field 22 of /proc/PID/stat
  std::string bundle;                       ///< path
  std::string created;                      ///< RFC 3339, as written
  std::string owner;
  std::vector<std::pair<std::string, std::string>> annotations;  ///< in the order of the document
};

[[nodiscard]] Summary summarize(const Document& document);

}  // namespace latchfile
