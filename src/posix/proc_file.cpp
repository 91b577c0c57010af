// SPDX-License-Identifier: Apache-2.0
#include "posix/proc_file.hpp"

#include <algorithm>
#include <fcntl.h>

namespace latchfile {

Sys<std::string> read_proc(Kernel& kernel, const std::string& path, std::size_t max_bytes) {
  auto fd = retry_eintr([&] { return kernel.openat(AT_FDCWD, path.c_str(), O_RDONLY, 0); });
  if (!fd) return std::unexpected(fd.error());
  std::string text;
  std::size_t used = 0;
  while (used < max_bytes) {
    text.resize(std::max<std::size_t>(4096, 2 * used));
    const auto got =
        retry_eintr([&] { return kernel.read(fd->get(), text.data() + used, text.size() - used); });
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    used += *got;
  }
  text.resize(used);
  return text;
}

}  // namespace latchfile
