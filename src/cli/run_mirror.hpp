// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "cli/session.hpp"
#include "etcd/site.hpp"

namespace latchfile::cli {

/// Mirrors the store of the session at `site` until a signal tells it to end. The value is the exit
/// code. Errors: as Mirror::work, but for `unavailable`, which is waited out.
[[nodiscard]] Result<int> run_mirror(Session& session, const std::shared_ptr<const EtcdSite>& site);

}  // namespace latchfile::cli
