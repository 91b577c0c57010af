// SPDX-License-Identifier: Apache-2.0
//
// The machines whose roots are mirrored in etcd, each under a prefix of its own.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latchfile/error.hpp"

namespace latchfile {

struct EtcdSite;

struct MirroredHost {
  std::string name;
  bool is_alive = false;  ///< its mirror is at work
  /// By its own clock, and never more than the time to live of its lease before it died.
  std::chrono::sys_seconds last_contact;
};

/// The one whose root is mirrored at `site`; nothing if that is no mirror.
[[nodiscard]] Result<std::optional<MirroredHost>> mirrored_at(const EtcdSite& site);

/// All whose roots are mirrored right below `site`, sorted by name.
[[nodiscard]] Result<std::vector<MirroredHost>> mirrored_below(const EtcdSite& site);

/// Where the root of the machine `name` is mirrored below `site`.
[[nodiscard]] EtcdSite site_of(const EtcdSite& site, std::string_view name);

}  // namespace latchfile
