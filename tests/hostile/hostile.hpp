// SPDX-License-Identifier: Apache-2.0
//
// Hostile: a root that another user can write in, that user, and a secret outside of the root.
//
// The attacker is uid 65534 in a process of their own. What they may not do on a kernel with
// fs.protected_hardlinks, but may on one without, the test does for them as root.
//
// Not covered, because SECURITY.md promises nothing there: an attacker who owns the root itself.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "cli/cli.hpp"
#include "latchfile/local.hpp"

namespace latchfile::test {

/// Becomes the attacker for good; false if that failed.
[[nodiscard]] bool become_attacker();
/// Runs `body` as the attacker; whether it returned true.
[[nodiscard]] bool as_attacker(const std::function<bool()>& body);

enum class Writable {
  sticky,   ///< 1777: others may add names, and remove none of ours
  insecure  ///< 0733, used with --allow-insecure-root: they may replace any file
};
[[nodiscard]] std::string to_string(Writable writable);
inline void PrintTo(Writable writable, std::ostream* out) { *out << to_string(writable); }

/// A document only root may read, outside of the root.
inline constexpr std::string_view secret_word = "outside-the-root";
/// What root's own documents contain, and the attacker must not get to read.
inline constexpr std::string_view private_word = "private-to-root";

class Hostile : public Cli {
 protected:
  void SetUp() override;

  /// Makes the root, empty, in place of what was there.
  void make_root(Writable writable) const;

  /// latchfile with the options that such a root needs.
  [[nodiscard]] Outcome latchfile_on(Writable writable, std::vector<std::string> arguments,
                                     std::string_view input = {}) const;
  [[nodiscard]] Store store_on(Writable writable) const;

  /// Fails the test if anything outside the root was changed.
  void expect_outside_untouched() const;
  /// Fails the test if the attacker can read one of the two words in any file of the root.
  void expect_attacker_learns_nothing() const;

  const std::string vault = dir / "vault";
  const std::string secret = dir / "vault/secret";
  const std::string private_document = R"({"id":"web","note":"private-to-root"})";

 private:
  [[nodiscard]] std::string outside() const;

  std::string outside_before_;
};

}  // namespace latchfile::test
