// SPDX-License-Identifier: Apache-2.0
//
// BlindKernel never shows that a lock file was unlinked: L3 always passes. With it the lock is one
// that people write who do not know of L3. For processes of one thread.
#pragma once

#include <string_view>

#include "support/passing_kernel.hpp"

namespace latchfile::test {

class BlindKernel final : public PassingKernel {
 public:
  Sys<struct stat> fstat(int fd, Times times) override {
    auto found = PassingKernel::fstat(fd, times);
    if (found && found->st_nlink == 0) found->st_nlink = 1;
    if (found) last_ = *found;
    return found;
  }
  Sys<struct stat> fstatat(int dir, const char* path, int flags, Times times) override {
    if (std::string_view(path).ends_with(".lock")) return last_;
    return PassingKernel::fstatat(dir, path, flags, times);
  }

 private:
  struct stat last_{};
};

}  // namespace latchfile::test
