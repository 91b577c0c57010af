// SPDX-License-Identifier: Apache-2.0
//
// All keys of a folder, page by page and yet as they were at one moment.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "etcd/gateway.hpp"

namespace latchfile {

inline constexpr std::int64_t keys_of_a_page = 5000;

/// Hands each key that begins with `folder` to `visit`, in order and with its value unless
/// `keys_only`. Returns the revision at which these were all. Errors: as Gateway::call.
[[nodiscard]] Result<std::int64_t> for_each_key(
    Gateway& gateway, const std::string& folder, bool keys_only,
    const std::function<void(answer::KeyValue&)>& visit);

}  // namespace latchfile
