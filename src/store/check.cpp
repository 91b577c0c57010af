// SPDX-License-Identifier: Apache-2.0
#include "latchfile/check.hpp"

#include "store/backend.hpp"

namespace latchfile {

std::string_view to_string(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::corrupt: return "corrupt";
    case Finding::Kind::too_large: return "too_large";
    case Finding::Kind::insecure: return "insecure";
    case Finding::Kind::writable: return "writable";
    case Finding::Kind::busy: return "busy";
    case Finding::Kind::unreadable: return "unreadable";
    case Finding::Kind::leftover_temp: return "leftover_temp";
    case Finding::Kind::orphan_lock: return "orphan_lock";
    case Finding::Kind::quarantined: return "quarantined";
  }
  return "unknown";
}

Result<CheckReport> Store::check(const CheckOptions& options) const {
  return backend_->check(options);
}

Result<CheckReport> Backend::check(const CheckOptions&) const {
  return std::unexpected(Error{Errc::unsupported, 0, "a store of this kind cannot be checked"});
}

}  // namespace latchfile
