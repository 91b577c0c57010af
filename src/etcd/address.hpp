// SPDX-License-Identifier: Apache-2.0
//
// Where a store in etcd is: etcd://HOST:PORT[,HOST:PORT…]/PREFIX.
//
// A host that begins with %2F is the path of a unix socket, with %2F for each slash, and needs no
// port. The prefix is kept with its leading slash, as keys in etcd usually have it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "latchfile/error.hpp"

namespace latchfile {

inline constexpr std::string_view etcd_scheme = "etcd://";

struct Endpoint {
  std::string host_and_port;
  std::string unix_path;  ///< empty: TCP

  /// Whether what is sent there does not leave this machine.
  [[nodiscard]] bool is_local() const;
  /// As people know it.
  [[nodiscard]] const std::string& text() const {
    return unix_path.empty() ? host_and_port : unix_path;
  }
};

struct Address {
  std::vector<Endpoint> endpoints;  ///< one at least
  std::string prefix;               ///< `/latchfile`: without a slash at its end
  std::string url;                  ///< as it was given
};

/// Errors: invalid_argument.
[[nodiscard]] Result<Address> parse_address(std::string_view url);

}  // namespace latchfile
