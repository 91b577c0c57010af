// SPDX-License-Identifier: Apache-2.0
//
// Stores that are each broken in one way, as peers are or as ours would be without one of its
// steps.
#pragma once

#include <string>

#include "support/passing_kernel.hpp"
#include "latchfile/store.hpp"

namespace latchfile::test {

/// Commits by truncating the state and writing it anew instead of by S4, as most peers do.
class InPlaceKernel final : public PassingKernel {
 public:
  Sys<> renameat(int dir, const char* from, const char* to) override;
};

/// Answers one in a hundred S4 without doing it.
class ForgetfulKernel final : public PassingKernel {
 public:
  Sys<> renameat(int dir, const char* from, const char* to) override;

 private:
  int renames_ = 0;
};

/// The local store on `kernel`, without durability.
[[nodiscard]] Store open_with(Kernel& kernel, const std::string& root);

/// A store whose guards hold the document as it was before the lock was taken.
[[nodiscard]] Store open_reading_early(const std::string& root);

}  // namespace latchfile::test
