// SPDX-License-Identifier: Apache-2.0
#include "posix/unique_fd.hpp"

#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <optional>

#include "posix/real_kernel.hpp"
#include "support/fault_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

class UniqueFdTest : public testing::Test {
 protected:
  UniqueFd open_null() { return kernel_.openat(AT_FDCWD, "/dev/null", O_RDONLY, 0).value(); }
  FaultKernel kernel_{real_kernel()};
  std::size_t before_ = open_descriptors();
};

TEST_F(UniqueFdTest, ClosesOnce) {
  {
    auto one = open_null();
    const auto two = std::move(one);
    EXPECT_FALSE(one);  // NOLINT(bugprone-use-after-move): what a move leaves is the question
    EXPECT_TRUE(two);
    EXPECT_EQ(open_descriptors(), before_ + 1);
  }
  EXPECT_EQ(open_descriptors(), before_);
}

TEST_F(UniqueFdTest, AssignmentClosesTheOldOne) {
  auto fd = open_null();
  fd = open_null();
  EXPECT_EQ(open_descriptors(), before_ + 1);
}

TEST_F(UniqueFdTest, EveryDescriptorIsCloseOnExec) {
  const auto fd = open_null();
  EXPECT_NE(fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(UniqueFdTest, CloseTellsOfAnErrorButNotOfASignal) {
  for (const auto& [error, good] : {std::pair{EIO, false}, {EINTR, true}}) {
    auto fd = open_null();
    kernel_.arm(FaultKernel::Fault{1, error, true});
    EXPECT_EQ(fd.close().has_value(), good);
    EXPECT_FALSE(fd);
    kernel_.disarm();
    EXPECT_EQ(open_descriptors(), before_) << "closed again, or not at all";
  }
}

}  // namespace
}  // namespace latchfile::test
