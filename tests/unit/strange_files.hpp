// SPDX-License-Identifier: Apache-2.0
//
// What may stand at a name where a regular file is expected.
#pragma once

#include <cstring>
#include <filesystem>
#include <ostream>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace latchfile::test {

struct StrangeFile {
  const char* name;         ///< of the test case
  const char* description;  ///< as an error message calls it
  void (*make)(const std::string& path);
};

inline std::ostream& operator<<(std::ostream& out, const StrangeFile& file) {
  return out << file.name;
}

inline void make_socket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("bind " + path);
  }
  close(fd);
}

/// Without the rights to make device nodes the device is left out.
[[nodiscard]] inline std::vector<StrangeFile> strange_files() {
  std::vector<StrangeFile> files = {
      {"Link", "a symbolic link",
       [](const std::string& path) { std::filesystem::create_symlink("/etc/passwd", path); }},
      {"DanglingLink", "a symbolic link",
       [](const std::string& path) { std::filesystem::create_symlink("nowhere", path); }},
      {"Fifo", "a FIFO",
       [](const std::string& path) {
         if (mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
       }},
      {"Socket", "a socket", [](const std::string& path) { make_socket(path); }},
      {"Directory", "a directory",
       [](const std::string& path) { std::filesystem::create_directory(path); }},
  };
  if (geteuid() == 0) {
    files.push_back({"Device", "a character device", [](const std::string& path) {
                       if (mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 5)) != 0) {
                         throw std::runtime_error("mknod");
                       }
                     }});
  }
  return files;
}

}  // namespace latchfile::test
