// SPDX-License-Identifier: Apache-2.0
#include "posix/lock_file.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <thread>

#include "support/passing_kernel.hpp"
#include "posix/lock_holder.hpp"
#include "support/child.hpp"
#include "support/fault_kernel.hpp"
#include "support/temp_dir.hpp"
#include "unit/open_directory.hpp"
#include "unit/strange_files.hpp"

namespace latchfile::test {
namespace {

using Call = FaultKernel::Call;
using Mode = LockFile::Mode;
using Acquired = Result<std::optional<LockFile>>;
constexpr auto short_wait = Wait::at_most(std::chrono::milliseconds(1));
constexpr auto long_wait = Wait::at_most(std::chrono::minutes(1));

class LockFileTest : public testing::Test {
 protected:
  /// The directory is closed later than a test's variables are gone.
  void TearDown() override { kernel_.before_each({}); }

  Acquired acquire(Wait wait, Mode mode = Mode::exclusive) {
    return LockFile::acquire(dir_, "l", mode, wait);
  }
  ino_t inode() const {
    struct stat result{};
    return stat((temp_ / "l").c_str(), &result) == 0 ? result.st_ino : 0;
  }
  std::ptrdiff_t times_called(Call call) const {
    return std::ranges::count(kernel_.calls(), call, &FaultKernel::Record::call);
  }
  /// What flock(1) would be told.
  bool is_free() const {
    const int fd = open((temp_ / "l").c_str(), O_RDONLY | O_CLOEXEC);
    const bool free = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return free;
  }
  /// Holds the lock in another process until it is told to release it.
  Child holder(const std::function<void(int fd)>& release) {
    Child child([this, release] {
      signal(SIGUSR1, [](int) {});
      sigset_t usr1;
      sigemptyset(&usr1);
      sigaddset(&usr1, SIGUSR1);
      sigprocmask(SIG_BLOCK, &usr1, nullptr);
      const int fd = open((temp_ / "l").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
      if (fd < 0 || flock(fd, LOCK_EX) != 0) return 1;
      write_text(temp_ / "held", "");
      int number = 0;
      sigwait(&usr1, &number);
      release(fd);
      sigwait(&usr1, &number);
      return 0;
    });
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(temp_ / "held"); }));
    return child;
  }
  /// Whether somebody sleeps in a wait for this lock: proc(5) shows it behind an arrow.
  bool has_waiter() const {
    const auto flocks = read_flocks(real_kernel());
    return flocks && std::ranges::any_of(*flocks, [&](const FlockEntry& entry) {
             return entry.waiting && entry.inode == inode();
           });
  }

  TempDir temp_;
  FaultKernel kernel_{real_kernel()};
  Directory dir_ = open_directory(temp_.path(), kernel_);
};

TEST_F(LockFileTest, MakesTheFileWithMode0600AndHoldsIt) {
  {
    const auto lock = acquire(Wait::never());
    ASSERT_TRUE(lock) << lock.error().message();
    EXPECT_TRUE((*lock)->is_ours());
    EXPECT_FALSE(is_free());
    struct stat found{};
    ASSERT_EQ(stat((temp_ / "l").c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0600u);
    EXPECT_EQ(found.st_size, 0);
  }
  EXPECT_TRUE(is_free());
}

TEST_F(LockFileTest, AnExistingFileIsOpenedWithoutCreat) {
  write_text(temp_ / "l", "");
  ASSERT_TRUE(acquire(Wait::never()));
  for (const auto& call : kernel_.calls())
    EXPECT_EQ(call.flags & O_CREAT, 0);
}

TEST_F(LockFileTest, L1BeginsAgainIfSomebodyElseCreatesIt) {
  bool created = false;
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (created || call.call != Call::openat || (call.flags & O_CREAT) == 0) return;
    created = true;
    write_text(temp_ / "l", "");
  });
  EXPECT_TRUE(acquire(Wait::never()));
  EXPECT_TRUE(created);
}

TEST_F(LockFileTest, ASharedLockMakesNoFile) {
  const auto lock = acquire(Wait::never(), Mode::shared);
  ASSERT_TRUE(lock);
  EXPECT_FALSE(*lock);
  EXPECT_TRUE(names_in(temp_.path()).empty());
}

TEST_F(LockFileTest, SharedLocksShareAndExcludeTheExclusive) {
  write_text(temp_ / "l", "");
  const auto one = acquire(Wait::never(), Mode::shared);
  const auto two = acquire(Wait::never(), Mode::shared);
  ASSERT_TRUE(one && *one && two && *two);
  EXPECT_EQ(acquire(Wait::never()).error().code, Errc::locked);
}

/// L3: what happens to the name between L1 and the moment when the lock is granted.
class StaleLock : public LockFileTest, public testing::WithParamInterface<bool> {};

TEST_P(StaleLock, IsNoticedWhenItIsGranted) {
  const bool replaced = GetParam();
  bool done = false;
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (done || call.call != Call::flock) return;
    done = true;
    std::filesystem::rename(temp_ / "l", temp_ / "old");
    std::filesystem::remove(temp_ / "old");
    if (replaced) write_text(temp_ / "l", "");
  });
  const auto lock = acquire(Wait::never());
  ASSERT_TRUE(lock) << lock.error().message();
  EXPECT_EQ(times_called(Call::flock), 2);
  EXPECT_FALSE(is_free()) << "the lock is on a file that is not there";
}

TEST_P(StaleLock, IsNoticedAfterAWait) {
  const bool replaced = GetParam();
  auto other = holder([this, replaced](int fd) {
    std::filesystem::remove(temp_ / "l");
    if (replaced) write_text(temp_ / "l", "");
    close(fd);
  });
  Child waiter([this] {
    const auto lock = acquire(Wait::forever());
    if (!lock || is_free()) return 1;
    return 0;
  });
  ASSERT_TRUE(eventually([&] { return has_waiter(); }));
  other.signal(SIGUSR1);
  EXPECT_EQ(waiter.wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(LockFile, StaleLock, testing::Bool(), [](const auto& replaced) {
  return std::string(replaced.param ? "Replaced" : "Unlinked");
});

/// Unlike one that was removed it still has a link.
TEST_F(LockFileTest, AFileThatWasRenamedIsNotHeldForTheNameItHad) {
  write_text(temp_ / "l", "");
  bool renamed = false;
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (renamed || call.call != Call::flock) return;
    renamed = true;
    std::filesystem::rename(temp_ / "l", temp_ / "elsewhere");
    write_text(temp_ / "l", "");
  });
  const auto lock = acquire(Wait::never());
  ASSERT_TRUE(lock) << lock.error().message();
  EXPECT_TRUE(renamed);
  EXPECT_FALSE(is_free());
}

TEST_F(LockFileTest, ANameThatIsReplacedAgainAndAgainEndsAsLocked) {
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (call.call != Call::flock || call.flags == LOCK_UN) return;
    std::filesystem::remove(temp_ / "l");
  });
  EXPECT_EQ(acquire(Wait::never()).error().code, Errc::locked);
  EXPECT_EQ(acquire(short_wait).error().code, Errc::timed_out);
}

/// A file system on which a file is never where one looks, and always where one makes it.
class NeverThere final : public PassingKernel {
 public:
  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    if (std::string_view(path) != "l") return real_.openat(dir, path, flags, mode);
    return std::unexpected(Errno{(flags & O_CREAT) != 0 ? EEXIST : ENOENT});
  }
};

TEST(LockFileThatComesAndGoes, IsUnavailableInTheEnd) {
  const TempDir temp;
  NeverThere kernel;
  const auto dir = open_directory(temp.path(), kernel);
  const auto lock = LockFile::acquire(dir, "l", Mode::exclusive, Wait::forever());
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, Errc::unavailable);
}

/// A file system that remembers names for a while, as those of a network do: the name still leads
/// to the file, which has none left.
class UnlinkedElsewhere final : public PassingKernel {
 public:
  Sys<struct stat> fstat(int fd, Times times) override {
    auto found = real_.fstat(fd, times);
    if (found && S_ISREG(found->st_mode)) found->st_nlink = 0;
    return found;
  }
};

TEST(LockFileWithoutALink, IsNotHeldThoughItsNameLeadsToIt) {
  const TempDir temp;
  UnlinkedElsewhere kernel;
  const auto dir = open_directory(temp.path(), kernel);
  const auto lock = LockFile::acquire(dir, "l", Mode::exclusive, Wait::never());
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, Errc::locked);
}

TEST_F(LockFileTest, TheSameThreadIsToldThatItHoldsTheLock) {
  const auto lock = acquire(Wait::never());
  ASSERT_TRUE(lock);
  for (const auto wait : {Wait::never(), short_wait, Wait::forever()}) {
    EXPECT_EQ(acquire(wait).error().code, Errc::deadlock);
    EXPECT_EQ(acquire(wait, Mode::shared).error().code, Errc::deadlock);
  }
}

TEST_F(LockFileTest, AReleasedLockIsNoDeadlock) {
  {
    ASSERT_TRUE(acquire(Wait::never()));
  }
  auto first = acquire(Wait::never());
  ASSERT_TRUE(first);
  {
    const auto moved = std::move(**first);
  }
  EXPECT_TRUE(acquire(Wait::forever()));
}

TEST_F(LockFileTest, AnotherThreadWaits) {
  auto lock = acquire(Wait::never());
  ASSERT_TRUE(lock);
  std::atomic<bool> has_it = false;
  std::jthread other([&] {
    EXPECT_EQ(acquire(Wait::never()).error().code, Errc::locked);
    const auto mine = acquire(Wait::forever());
    has_it = mine && *mine;
  });
  ASSERT_TRUE(eventually([&] { return has_waiter(); }));
  EXPECT_FALSE(has_it);
  lock = std::unexpected(Error{Errc::io, 0, {}});
  EXPECT_TRUE(eventually([&] { return has_it.load(); }));
}

/// Ways in which another process lets go.
struct Release {
  const char* name;
  void (*release)(int fd);
};

class ReleasedLock : public LockFileTest, public testing::WithParamInterface<Release> {};

TEST_P(ReleasedLock, WakesAWaiterWithADeadlineAndOneWithout) {
  for (const auto wait : {long_wait, Wait::forever()}) {
    std::filesystem::remove(temp_ / "held");
    auto other = holder(GetParam().release);
    std::jthread releaser([&] {
      EXPECT_TRUE(eventually([&] { return has_waiter(); }));
      other.signal(SIGUSR1);
    });
    const auto lock = acquire(wait);
    EXPECT_TRUE(lock) << lock.error().message();
  }
}

INSTANTIATE_TEST_SUITE_P(LockFile, ReleasedLock,
                         testing::Values(Release{"Close", [](int fd) { close(fd); }},
                                         Release{"Unlock", [](int fd) { flock(fd, LOCK_UN); }},
                                         Release{"Exit", [](int) { _exit(0); }}),
                         [](const auto& release) { return std::string(release.param.name); });

TEST_F(LockFileTest, ABusyLockNamesItsHolder) {
  const auto other = holder([](int) {});
  const auto pid = "pid " + std::to_string(other.pid());
  const auto refused = acquire(Wait::never());
  EXPECT_EQ(refused.error().code, Errc::locked);
  EXPECT_NE(refused.error().message().find(pid), std::string::npos) << refused.error().message();
  const auto in_vain = acquire(short_wait);
  EXPECT_EQ(in_vain.error().code, Errc::timed_out);
  EXPECT_NE(in_vain.error().message().find(pid), std::string::npos) << in_vain.error().message();
}

TEST_F(LockFileTest, AfterATimeOutNothingIsHeld) {
  auto other = holder([](int fd) { close(fd); });
  EXPECT_EQ(acquire(short_wait).error().code, Errc::timed_out);
  other.signal(SIGUSR1);
  EXPECT_TRUE(eventually([&] { return is_free(); }));
}

TEST_F(LockFileTest, AForkedChildHasAnInertCopy) {
  auto lock = acquire(Wait::never());
  ASSERT_TRUE(lock);
  Child child([&] {
    if ((*lock)->is_ours()) return 1;
    lock = std::unexpected(Error{Errc::io, 0, {}});  // destroys the copy
    return acquire(Wait::never()).error().code == Errc::locked ? 0 : 2;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_FALSE(is_free()) << "the child released its parent's lock";
}

TEST_F(LockFileTest, AChildForkedMeanwhileDoesNotKeepTheLock) {
  auto lock = acquire(Wait::never());
  ASSERT_TRUE(lock);
  const Child child([] {
    pause();
    return 0;
  });
  EXPECT_FALSE(is_free());
  lock = std::unexpected(Error{Errc::io, 0, {}});
  EXPECT_TRUE(is_free());
}

class StrangeLockFile : public testing::TestWithParam<StrangeFile> {};

TEST_P(StrangeLockFile, IsRefusedAtOnceAndLeftAlone) {
  const TempDir temp;
  GetParam().make(temp / "l");
  const auto dir = open_directory(temp.path());
  for (const auto mode : {Mode::exclusive, Mode::shared}) {
    const auto lock = LockFile::acquire(dir, "l", mode, Wait::forever());
    ASSERT_FALSE(lock);
    EXPECT_EQ(lock.error().code, Errc::insecure);
    EXPECT_NE(lock.error().message().find(GetParam().description), std::string::npos)
        << lock.error().message();
  }
  EXPECT_EQ(names_in(temp.path()), std::vector<std::string>{"l"});
}

INSTANTIATE_TEST_SUITE_P(LockFile, StrangeLockFile, testing::ValuesIn(strange_files()),
                         [](const auto& file) { return std::string(file.param.name); });

}  // namespace
}  // namespace latchfile::test
