// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sched.h>
#include <sys/mount.h>

namespace latchfile::bench {

/// crun works with cgroup v2 alone: shows this process no other. False if it may not.
inline bool see_cgroup2_alone() {
  static const bool seen = unshare(CLONE_NEWNS) == 0 &&
                           mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                           umount2("/sys/fs/cgroup", MNT_DETACH) == 0 &&
                           mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, nullptr) == 0;
  return seen;
}

}  // namespace latchfile::bench
