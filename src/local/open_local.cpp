// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "base/quote.hpp"
#include "latchfile/local.hpp"
#include "local/local_backend.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile {

Result<Store> open_local(const std::string& root, LocalOptions options) {
  if (root.empty()) {
    return std::unexpected(Error{Errc::invalid_argument, 0, "the path of the root is empty"});
  }
  if (root.find('\0') != root.npos) {
    return std::unexpected(Error{Errc::invalid_argument, 0,
                                 "the path of the root has a NUL in it: " + in_quotes(root)});
  }
  // The path is looked up again at each operation, by when the working directory may be another.
  std::error_code error;
  auto absolute = std::filesystem::absolute(root, error);
  if (error) {
    return std::unexpected(
        Error{Errc::io, error.value(), "find the working directory for root " + root});
  }
  return Store(
      std::make_shared<const LocalBackend>(real_kernel(), std::move(absolute).string(), options));
}

}  // namespace latchfile
