// SPDX-License-Identifier: Apache-2.0
#include "posix/service.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace latchfile {

Sys<UniqueFd> await_end_signals(Kernel& kernel) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&set, number);
  if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) return std::unexpected(Errno{errno});
  UniqueFd fd(kernel, signalfd(-1, &set, SFD_CLOEXEC));
  if (!fd) return std::unexpected(Errno{errno});
  return fd;
}

Sys<> notify_manager(Kernel& kernel, std::string_view state) {
  const char* variable = std::getenv("NOTIFY_SOCKET");
  const std::string_view name = variable == nullptr ? "" : variable;
  if (name.empty()) return {};
  if (name.front() != '/' && name.front() != '@') return std::unexpected(Errno{EAFNOSUPPORT});
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) return std::unexpected(Errno{ENAMETOOLONG});
  std::ranges::copy(name, address.sun_path);
  // An abstract name begins with a NUL, and ends with the address (unix(7)).
  if (name.front() == '@') address.sun_path[0] = '\0';
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const UniqueFd socket(kernel, ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return std::unexpected(Errno{errno});
  const auto sent = ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address), bytes);
  if (sent < 0) return std::unexpected(Errno{errno});
  return {};
}

}  // namespace latchfile
