// SPDX-License-Identifier: Apache-2.0
#include "posix/unique_fd.hpp"

#include <cerrno>

#include "posix/kernel.hpp"

namespace latchfile {

UniqueFd::~UniqueFd() {
  // Nobody can act on an error of closing a descriptor that was only read, locked or synced.
  if (fd_ >= 0) static_cast<void>(kernel_->close(fd_));
}

std::expected<void, Errno> UniqueFd::close() {
  auto closed = kernel_->close(std::exchange(fd_, -1));
  if (!closed && closed.error().value == EINTR) return {};
  return closed;
}

}  // namespace latchfile
