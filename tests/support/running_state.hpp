// SPDX-License-Identifier: Apache-2.0
//
// The OCI state of a container that runs, for tests of what becomes of its process.
#pragma once

#include "latchfile/oci.hpp"

namespace latchfile::test {

/// That of the container web, all its steps taken. Throws where there is none.
[[nodiscard]] inline oci::State running_state(const oci::Process& process) {
  return oci::State::creating({.id = "web", .bundle = "/b"})
      .value()
      .to_created(process)
      .value()
      .to_running()
      .value();
}

}  // namespace latchfile::test
