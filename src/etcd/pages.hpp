// SPDX-License-Identifier: Apache-2.0
//
// All keys of a folder, page by page and yet as they were at one moment.
//
// etcd may compact that moment away while the pages are read. Then all begins anew, at the newest
// revision: whoever has kept keys forgets them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "etcd/gateway.hpp"

namespace latchfile {

inline constexpr std::int64_t keys_of_a_page = 5000;
/// How often all begins before it is given up.
inline constexpr int most_beginnings = 5;

/// Calls `begin`, and hands each key that begins with `folder` to `visit`, in order and with its
/// value unless `keys_only`. If `begin` is called again, what was visited before it does not count.
/// Returns the revision at which those that count were all. Errors: as Gateway::call.
[[nodiscard]] Result<std::int64_t> for_each_key(
    Gateway& gateway, const std::string& folder, bool keys_only, const std::function<void()>& begin,
    const std::function<void(answer::KeyValue&)>& visit);

}  // namespace latchfile
