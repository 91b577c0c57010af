// SPDX-License-Identifier: Apache-2.0
//
// The whole command but for what is done with etcd, which only one of its two programs can: see
// main.cpp and etcd_main.cpp.
#pragma once

#include "cli/session.hpp"

namespace latchfile::cli {

/// Parses, does, and tells. The value is the exit code.
[[nodiscard]] int run(int argc, char** argv, EtcdAccess& etcd);

}  // namespace latchfile::cli
