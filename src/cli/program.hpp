// SPDX-License-Identifier: Apache-2.0
//
// The whole command but for stores in etcd, which only one of its two programs can open: see
// main.cpp and etcd_main.cpp.
#pragma once

#include "cli/session.hpp"

namespace latchfile::cli {

/// Parses, does, and tells. The value is the exit code.
[[nodiscard]] int run(int argc, char** argv, const OpenEtcd& open_etcd);

}  // namespace latchfile::cli
