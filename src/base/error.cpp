// SPDX-License-Identifier: Apache-2.0
#include "latchfile/error.hpp"

#include <array>
#include <cstring>

namespace latchfile {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::invalid_argument: return "invalid_argument";
    case Errc::not_found: return "not_found";
    case Errc::already_exists: return "already_exists";
    case Errc::locked: return "locked";
    case Errc::timed_out: return "timed_out";
    case Errc::deadlock: return "deadlock";
    case Errc::version_mismatch: return "version_mismatch";
    case Errc::corrupt: return "corrupt";
    case Errc::too_large: return "too_large";
    case Errc::insecure: return "insecure";
    case Errc::lock_lost: return "lock_lost";
    case Errc::commit_unknown: return "commit_unknown";
    case Errc::unavailable: return "unavailable";
    case Errc::unsupported: return "unsupported";
    case Errc::io: return "io";
  }
  return "unknown";
}

std::string Error::message() const {
  if (sys_errno == 0) return context;
  std::array<char, 128> buffer{};
  // The GNU strerror_r returns the text and may or may not use the buffer; unlike strerror it is
  // thread-safe.
  return context + ": " + strerror_r(sys_errno, buffer.data(), buffer.size());
}

}  // namespace latchfile
