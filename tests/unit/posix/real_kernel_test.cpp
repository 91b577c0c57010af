// SPDX-License-Identifier: Apache-2.0
#include "posix/real_kernel.hpp"

#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/kernel.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

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

bool has_times(const struct stat& file) {
  return file.st_mtim.tv_sec != 0 && file.st_ctim.tv_sec != 0;
}

void expect_what_stat_says(const struct stat& found, const struct stat& bare) {
  EXPECT_EQ(found.st_dev, bare.st_dev);
  EXPECT_EQ(found.st_ino, bare.st_ino);
  EXPECT_EQ(found.st_mode, bare.st_mode);
  EXPECT_EQ(found.st_nlink, bare.st_nlink);
  EXPECT_EQ(found.st_uid, bare.st_uid);
  EXPECT_EQ(found.st_gid, bare.st_gid);
  EXPECT_EQ(found.st_size, bare.st_size);
}

TEST(RealKernel, TellsOfAFileTheSameWithItsTimesAndWithout) {
  const TempDir temp;
  write_text(temp / "file", "some text");
  ASSERT_EQ(::link((temp / "file").c_str(), (temp / "other").c_str()), 0);
  ASSERT_EQ(::symlink("nowhere", (temp / "link").c_str()), 0);
  const UniqueFd dir = real_kernel().openat(AT_FDCWD, temp.path().c_str(), O_PATH, 0).value();
  for (const char* name : {"file", "link", "."}) {
    SCOPED_TRACE(name);
    struct stat bare{};
    ASSERT_EQ(::fstatat(dir.get(), name, &bare, AT_SYMLINK_NOFOLLOW), 0);
    const auto fd = real_kernel().openat(dir.get(), name, O_PATH | O_NOFOLLOW, 0).value();
    for (const auto times : {Times::no, Times::yes}) {
      const auto by_name = real_kernel().fstatat(dir.get(), name, AT_SYMLINK_NOFOLLOW, times);
      const auto by_fd = real_kernel().fstat(fd.get(), times);
      ASSERT_TRUE(by_name && by_fd);
      expect_what_stat_says(*by_name, bare);
      expect_what_stat_says(*by_fd, bare);
      EXPECT_EQ(has_times(*by_name), times == Times::yes);
      EXPECT_EQ(has_times(*by_fd), times == Times::yes);
    }
  }
  EXPECT_EQ(real_kernel().fstatat(dir.get(), "none", 0, Times::no).error(), Errno{ENOENT});
  EXPECT_EQ(real_kernel().fstat(-1, Times::no).error(), Errno{EBADF});
}

}  // namespace
}  // namespace latchfile::test
