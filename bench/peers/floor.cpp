// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "peers/writer.hpp"
#include "support/container_document.hpp"

namespace latchfile::bench {
namespace {

class FloorWriter final : public Writer {
 public:
  FloorWriter(const std::string& directory, const std::string& container, Sync sync)
      : sync_(sync), name_(container + ".state"), temp_(name_ + ".tmp") {
    directory_ = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(directory_ >= 0, "open");
    const int fd = openat(directory_, name_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    require(fd >= 0 && close(fd) == 0, "openat");
  }
  ~FloorWriter() override { close(directory_); }

  void save(const Document& document) override {
    const auto& bytes = document.bytes();
    // fstatat would ask for the times as well, which makes the next change of the file dearer.
    struct statx old{};
    require(statx(directory_, name_.c_str(), AT_SYMLINK_NOFOLLOW, STATX_MODE, &old) == 0, "statx");
    const int fd =
        openat(directory_, temp_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
               old.stx_mode & 0777);
    require(fd >= 0, "openat");
    require(write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "write");
    if (sync_ == Sync::full) require(fdatasync(fd) == 0, "fdatasync");
    require(close(fd) == 0, "close");
    require(renameat(directory_, temp_.c_str(), directory_, name_.c_str()) == 0, "renameat");
    if (sync_ == Sync::full) require(fsync(directory_) == 0, "fsync");
  }

 private:
  Sync sync_;
  std::string name_;
  std::string temp_;
  int directory_;
};

}  // namespace

std::unique_ptr<Writer> open_floor(const std::string& directory, const std::string& container,
                                   const Document& first, Sync sync) {
  auto writer = std::make_unique<FloorWriter>(directory, container, sync);
  writer->save(first);
  return writer;
}

}  // namespace latchfile::bench
