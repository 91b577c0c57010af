// SPDX-License-Identifier: Apache-2.0
#include "hostile/trap.hpp"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace latchfile::test {
namespace {

bool make_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool made = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return made;
}

/// A file of the attacker's own; -1 if there cannot be one. Not closed: a lock or a lease is on it.
int make_file(const std::string& path) {
  return open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

bool make_huge_file(const std::string& path) {
  constexpr off_t terabyte = off_t{1} << 40;
  const int fd = make_file(path);
  return fd >= 0 && ftruncate(fd, terabyte) == 0;
}

/// Whoever opens it is to wait until the lease is given back, which it is not: up to
/// /proc/sys/fs/lease-break-time.
bool make_lease(const std::string& path) {
  signal(SIGIO, SIG_IGN);
  const int fd = make_file(path);
  return fd >= 0 && fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
}

bool make_locked(const std::string& path, int operation) {
  const int fd = make_file(path);
  return fd >= 0 && flock(fd, operation) == 0;
}

}  // namespace

std::string to_string(Trap trap) {
  switch (trap) {
    case Trap::link_to_secret: return "link_to_secret";
    case Trap::link_to_nothing: return "link_to_nothing";
    case Trap::link_to_itself: return "link_to_itself";
    case Trap::fifo: return "fifo";
    case Trap::socket: return "socket";
    case Trap::directory: return "directory";
    case Trap::huge_file: return "huge_file";
    case Trap::lease: return "lease";
    case Trap::lock_shared: return "lock_shared";
    case Trap::lock_exclusive: return "lock_exclusive";
  }
  return "";
}

bool set_trap(Trap trap, const std::string& path, const std::string& secret) {
  unlink(path.c_str());
  switch (trap) {
    case Trap::link_to_secret: return symlink(secret.c_str(), path.c_str()) == 0;
    case Trap::link_to_nothing: return symlink((secret + "-new").c_str(), path.c_str()) == 0;
    case Trap::link_to_itself: return symlink(path.c_str(), path.c_str()) == 0;
    case Trap::fifo: return mkfifo(path.c_str(), 0666) == 0;
    case Trap::socket: return make_socket(path);
    case Trap::directory: return mkdir(path.c_str(), 0777) == 0;
    case Trap::huge_file: return make_huge_file(path);
    case Trap::lease: return make_lease(path);
    case Trap::lock_shared: return make_locked(path, LOCK_SH);
    case Trap::lock_exclusive: return make_locked(path, LOCK_EX);
  }
  return false;
}

}  // namespace latchfile::test
