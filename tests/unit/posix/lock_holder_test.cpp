// SPDX-License-Identifier: Apache-2.0
#include "posix/lock_holder.hpp"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "posix/real_kernel.hpp"
#include "support/child.hpp"

namespace latchfile::test {
namespace {

TEST(ParseFlocks, ReadsHoldersAndWaiters) {
  const auto entries = parse_flocks(
      "1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF\n"
      "1: -> FLOCK  ADVISORY  READ 99 fd:01:5678 0 EOF\n"
      "27: FLOCK  ADVISORY  READ 7 103:1f:18446744073709551615 0 EOF\n");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].pid, 1234);
  EXPECT_EQ(entries[0].device, makedev(0xfd, 1));
  EXPECT_EQ(entries[0].inode, 5678u);
  EXPECT_FALSE(entries[0].waiting);
  EXPECT_EQ(entries[1].pid, 99);
  EXPECT_TRUE(entries[1].waiting);
  EXPECT_EQ(entries[2].device, makedev(0x103, 0x1f));
  EXPECT_EQ(entries[2].inode, 18446744073709551615u);
}

TEST(ParseFlocks, OrdersByFileTheHoldersBeforeWhoWaits) {
  const auto entries = parse_flocks(
      "1: FLOCK  ADVISORY  WRITE 5 fd:01:90 0 EOF\n"
      "1: -> FLOCK  ADVISORY  WRITE 3 fd:01:90 0 EOF\n"
      "2: FLOCK  ADVISORY  READ 9 fd:01:80 0 EOF\n"
      "3: FLOCK  ADVISORY  READ 4 fd:01:80 0 EOF\n");
  std::vector<pid_t> pids;
  for (const auto& entry : entries)
    pids.push_back(entry.pid);
  EXPECT_EQ(pids, std::vector<pid_t>({4, 9, 5, 3}));
}

/// What the kernel shows if a lock is taken between two reads of the file.
TEST(ParseFlocks, CountsALockThatIsShownAgainOnce) {
  const auto entries = parse_flocks(
      "1: FLOCK  ADVISORY  WRITE 10 fd:01:5 0 EOF\n"
      "2: FLOCK  ADVISORY  READ 11 fd:01:6 0 EOF\n"
      "2: -> FLOCK  ADVISORY  WRITE 12 fd:01:6 0 EOF\n"
      "3: FLOCK  ADVISORY  READ 11 fd:01:6 0 EOF\n"
      "3: -> FLOCK  ADVISORY  WRITE 12 fd:01:6 0 EOF\n");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[1].pid, 11);
  EXPECT_EQ(entries[2].pid, 12);
}

TEST(ParseFlocks, ReadsWaitersBehindWaiters) {
  const auto entries = parse_flocks(
      "3: FLOCK  ADVISORY  WRITE 10 fd:01:5 0 EOF\n"
      "3: -> FLOCK  ADVISORY  WRITE 11 fd:01:5 0 EOF\n"
      "3:  -> FLOCK  ADVISORY  WRITE 12 fd:01:5 0 EOF\n");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_FALSE(entries[0].waiting);
  EXPECT_TRUE(entries[1].waiting);
  EXPECT_TRUE(entries[2].waiting);
  EXPECT_EQ(entries[2].pid, 12);
}

TEST(ParseFlocks, AProcessWithoutAPidHereIsZero) {
  const auto entries = parse_flocks(
      "1: FLOCK  ADVISORY  WRITE -1 fd:01:5 0 EOF\n"
      "1: -> FLOCK  ADVISORY  WRITE 0 fd:01:5 0 EOF\n");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].pid, 0);
  EXPECT_EQ(entries[1].pid, 0);
  EXPECT_EQ(command_of(real_kernel(), 0), "");
}

TEST(ParseFlocks, PassesOverOtherKinds) {
  EXPECT_TRUE(parse_flocks("1: POSIX  ADVISORY  WRITE 1 fd:01:2 0 EOF\n"
                           "2: OFDLCK ADVISORY  READ -1 fd:01:2 0 EOF\n"
                           "3: LEASE  ACTIVE    READ 1 fd:01:2 0 EOF\n")
                  .empty());
}

TEST(ParseFlocks, PassesOverWhatItDoesNotKnow) {
  for (const auto* text :
       {"", "\n", "\n\n\n", "1:", "1: FLOCK", "1: FLOCK ADVISORY", "1: ->",
        "1: FLOCK ADVISORY WRITE", "1: FLOCK ADVISORY WRITE 12", "1: FLOCK ADVISORY WRITE x fd:1:2",
        "1: FLOCK ADVISORY WRITE 12 fd", "1: FLOCK ADVISORY WRITE 12 fd:", "1: FLOCK A W 1 fd:1",
        "1: FLOCK ADVISORY WRITE 12 fd:1:", "1: FLOCK ADVISORY WRITE 12 zz:1:2",
        "1: FLOCK ADVISORY WRITE 99999999999 fd:1:2", "1: FLOCK ADVISORY WRITE 1 fd:1:2x"}) {
    EXPECT_TRUE(parse_flocks(text).empty()) << text;
  }
}

TEST(ParseFlocks, ALineWithoutAnEndCounts) {
  EXPECT_EQ(parse_flocks("\n1: FLOCK ADVISORY WRITE 12 fd:1:2 0 EOF").size(), 1u);
}

TEST(CommandOf, JoinsTheArguments) {
  const Child child({"sleep", "1000"});
  EXPECT_TRUE(eventually([&] { return command_of(real_kernel(), child.pid()) == "sleep 1000"; }));
}

TEST(CommandOf, AProcessThatIsGoneHasNone) {
  Child child([] { return 0; });
  const auto pid = child.pid();
  child.wait();
  EXPECT_EQ(command_of(real_kernel(), pid), "");
}

TEST(CommandOf, AZombieHasOnlyItsName) {
  const Child child({"sleep", "1000"});
  ASSERT_TRUE(eventually([&] { return command_of(real_kernel(), child.pid()) == "sleep 1000"; }));
  child.signal(SIGKILL);
  EXPECT_TRUE(eventually([&] { return command_of(real_kernel(), child.pid()) == "[sleep]"; }));
}

}  // namespace
}  // namespace latchfile::test
