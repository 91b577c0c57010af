// SPDX-License-Identifier: Apache-2.0
//
// Disk: a real ext4 or XFS, in an image file on a loop device, whose power can be cut.
//
// The cut is the file system's own (EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN) without a flush of its
// log: from then on it writes nothing more, fails every call with an error, and at the next mount
// recovers from what had reached the device. It is what the file systems' own crash tests use.
//
// Not simulated: a device that loses or reorders what it has acknowledged but was not told to
// flush. tests/crash does that, on a disk of its own making.
//
// Needs root. The calling process moves into a mount namespace of its own, so that nothing stays
// mounted however it ends.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "support/temp_dir.hpp"

namespace latchfile::test {

class Disk {
 public:
  enum class Type { ext4, xfs };

  /// Empty if this process can have a Disk of this type, else why not.
  [[nodiscard]] static std::string why_not(Type type);

  /// Makes the file system, as small as it can be but of `least_bytes`; not mounted yet. Throws, as
  /// all of these do, if that fails.
  explicit Disk(Type type, std::uintmax_t least_bytes = 0);
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  ~Disk();

  /// Recovers from the log if need be.
  void mount();
  void cut_power() const;
  /// Nobody may have a file of it open.
  void unmount();

  /// Where it is mounted.
  [[nodiscard]] std::string path() const { return dir_ / "mount"; }

 private:
  const TempDir dir_;
  const std::string image_ = dir_ / "image";
  bool mounted_ = false;
};

[[nodiscard]] std::string to_string(Disk::Type type);
inline void PrintTo(Disk::Type type, std::ostream* out) { *out << to_string(type); }

}  // namespace latchfile::test
