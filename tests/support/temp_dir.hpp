// SPDX-License-Identifier: Apache-2.0
//
// A directory that a test has for itself and that goes with it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace latchfile::test {

class TempDir {
 public:
  /// A new directory under $TMPDIR, else /tmp, or under `parent`; mode 0700.
  TempDir();
  explicit TempDir(const std::filesystem::path& parent);
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

/// The whole content of a file; throws if it cannot be read.
[[nodiscard]] std::string read_text(const std::filesystem::path& file);
/// Makes or truncates a file; throws if it cannot be written.
void write_text(const std::filesystem::path& file, std::string_view text);
/// The names in a directory, sorted.
[[nodiscard]] std::vector<std::string> names_in(const std::filesystem::path& directory);
/// How many descriptors this process has open.
[[nodiscard]] std::size_t open_descriptors();

}  // namespace latchfile::test
