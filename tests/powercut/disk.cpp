// SPDX-License-Identifier: Apache-2.0
#include "powercut/disk.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <stdexcept>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "support/child.hpp"

namespace latchfile::test {
namespace {

// The same in both file systems; Debian has no header for ext4's (xfs_fs.h, fs/ext4/ext4.h).
constexpr auto shutdown_request = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t no_log_flush = 2;

std::string mkfs(Disk::Type type) { return "mkfs." + to_string(type); }

/// The smallest that mkfs.xfs makes is 300 MiB. Sparse: what is never written takes no room.
std::uintmax_t image_bytes(Disk::Type type) {
  return std::uintmax_t{type == Disk::Type::xfs ? 320U : 64U} << 20;
}

bool leave_mount_namespace() {
  static const bool left =
      unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
  return left;
}

void run_or_throw(const std::vector<std::string>& arguments) {
  const auto outcome = run(arguments);
  if (outcome.exit_code != 0) throw std::runtime_error(arguments.front() + ": " + outcome.err);
}

}  // namespace

std::string Disk::why_not(Type type) {
  if (geteuid() != 0) return "only root can mount a file system and cut its power";
  if (run({mkfs(type), "-V"}).exit_code != 0) return "there is no " + mkfs(type);
  if (!leave_mount_namespace()) return "no right to a mount namespace of its own (CAP_SYS_ADMIN)";
  try {
    Disk(type).mount();
  } catch (const std::runtime_error& error) {
    return std::string("a loop device cannot be mounted here: ") + error.what();
  }
  return {};
}

Disk::Disk(Type type, std::uintmax_t least_bytes) {
  write_text(image_, "");
  std::filesystem::resize_file(image_, std::max(image_bytes(type), least_bytes));
  run_or_throw({mkfs(type), "-q", image_});
  std::filesystem::create_directory(path());
}

Disk::~Disk() {
  // Detached, it goes when whoever still uses it does, and the image can be removed.
  if (mounted_) umount2(path().c_str(), MNT_DETACH);
}

void Disk::mount() {
  run_or_throw({"mount", "-o", "loop", image_, path()});
  mounted_ = true;
}

void Disk::cut_power() const {
  const int fd = open(path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  auto how = no_log_flush;
  const bool cut = fd >= 0 && ioctl(fd, shutdown_request, &how) == 0;
  if (fd >= 0) close(fd);
  if (!cut) throw std::runtime_error("cut the power of " + path());
}

void Disk::unmount() {
  if (umount2(path().c_str(), 0) != 0) throw std::runtime_error("umount " + path());
  mounted_ = false;
}

std::string to_string(Disk::Type type) { return type == Disk::Type::xfs ? "xfs" : "ext4"; }

}  // namespace latchfile::test
