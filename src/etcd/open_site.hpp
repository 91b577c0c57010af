// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "etcd/site.hpp"
#include "latchfile/etcd.hpp"

namespace latchfile {

/// What open_etcd opens a store on. Errors: as open_etcd.
[[nodiscard]] Result<std::shared_ptr<const EtcdSite>> open_site(std::string_view url,
                                                                EtcdOptions options);

}  // namespace latchfile
