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
  // With the same key.
  [[nodiscard]] std::string expired() const { return dir_ / "expired.pem"; }
  [[nodiscard]] std::string of_another_host() const { return dir_ / "elsewhere.pem"; }
  /// The key, which nobody can use who does not know the pass phrase.
  [[nodiscard]] std::string encrypted_key() const { return dir_ / "encrypted.key"; }

 private:
  TempDir dir_;
};

}  // namespace latchfile::test
