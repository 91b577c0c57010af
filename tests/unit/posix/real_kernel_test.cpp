// SPDX-License-Identifier: Apache-2.0
#include "posix/real_kernel.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/kernel.hpp"
#include "support/child.hpp"

namespace latchfile::test {
namespace {

bool knows_its_pid() { return real_kernel().getpid() == ::syscall(SYS_getpid); }

TEST(RealKernel, KnowsItsPidInEveryProcess) {
  EXPECT_TRUE(knows_its_pid());
  Child child([] {
    if (!knows_its_pid()) return 1;
    Child grandchild([] { return knows_its_pid() ? 0 : 2; });
    return grandchild.wait();
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(knows_its_pid());
}

/// As a program forks that does not ask the C library.
TEST(RealKernel, KnowsItsPidAfterABareSystemCall) {
  EXPECT_TRUE(knows_its_pid());
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0));
  ASSERT_GE(pid, 0);
  if (pid == 0) _exit(knows_its_pid() ? 0 : 1);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace latchfile::test
