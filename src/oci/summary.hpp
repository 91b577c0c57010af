// SPDX-License-Identifier: Apache-2.0
//
// What the documents of container runtimes have in common, whichever runtime wrote them.
//
// clang-format off
// | field       | OCI state   | runsc            | runc                      | crun      |
// |-------------|-------------|------------------|---------------------------|-----------|
// | oci_version | ociVersion  | spec.ociVersion  | config.version            |           |
// | status      | status      | status           |                           |           |
// | bundle      | bundle      | bundleDir        | config.labels: bundle=…   | bundle    |
// | created     |             | createdAt        | created                   | created   |
// | owner       |             | owner            |                           | owner     |
// | annotations | annotations | spec.annotations | config.labels, the others |           |
// clang-format on
//
// Earlier releases of runsc wrote the status as a number. process_reader.hpp has the same for the
// process. A document of any other form has an empty summary; none is an error.
#pragma once

#include <optional>
#include <string>

#include "latchfile/document.hpp"
#include "latchfile/oci.hpp"

namespace latchfile::oci {

struct Summary {
  std::string oci_version;
  std::string status;  ///< as written; empty in forms that leave it to be found out
  std::optional<Process> process;
  std::string bundle;   ///< path
  std::string created;  ///< RFC 3339, as written
  std::string owner;
  Annotations annotations;  ///< in the order of the document
};

[[nodiscard]] Summary summarize(const Document& document);

}  // namespace latchfile::oci
