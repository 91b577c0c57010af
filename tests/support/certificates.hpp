// SPDX-License-Identifier: Apache-2.0
//
// Certificates for a test: an authority, and one of it for localhost.
#pragma once

#include <string>

#include "support/temp_dir.hpp"

namespace latchfile::test {

class Certificates {
 public:
  /// Made by openssl; throws if that fails.
  Certificates();

  [[nodiscard]] std::string authority() const { return dir_ / "ca.pem"; }
  [[nodiscard]] std::string certificate() const { return dir_ / "server.pem"; }
  [[nodiscard]] std::string key() const { return dir_ / "server.key"; }

 private:
  TempDir dir_;
};

}  // namespace latchfile::test
