// SPDX-License-Identifier: Apache-2.0
#include "latchfile/check.hpp"

#include <algorithm>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "local/local_backend.hpp"
#include "local/names.hpp"
#include "posix/real_kernel.hpp"
#include "support/child.hpp"
#include "support/fault_kernel.hpp"
#include "support/passing_kernel.hpp"
#include "support/temp_dir.hpp"
#include "unit/strange_files.hpp"

namespace latchfile::test {
namespace {

using Call = FaultKernel::Call;
using Kind = Finding::Kind;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;

class CheckTest : public testing::Test {
 protected:
  static ContainerId id(std::string_view text) { return ContainerId::parse(text).value(); }

  [[nodiscard]] Store store(LocalOptions options = {}) {
    return Store(std::make_shared<const LocalBackend>(kernel_, temp_.path().string(), options));
  }
  void create(std::string_view text) {
    ASSERT_TRUE(store().create(id(text), Wait::never(), Document::parse("{}").value()));
  }
  void put(const std::string& name, std::string_view text = "") { write_text(temp_ / name, text); }

  CheckReport check(LocalOptions options = {}) { return store(options).check({}).value(); }
  CheckReport repair(LocalOptions options = {}) {
    return store(options).check({.repair = true, .wait = Wait::never()}).value();
  }
  [[nodiscard]] std::vector<std::string> names() const { return names_in(temp_.path()); }

  /// "corrupt web.state", and "!" before it if it is open.
  static std::vector<std::string> texts(const CheckReport& report) {
    std::vector<std::string> all;
    for (const auto& finding : report.findings) {
      all.push_back((finding.is_open() ? "!" : "") + std::string(to_string(finding.kind)) + " " +
                    finding.name);
    }
    return all;
  }

  TempDir temp_;
  FaultKernel kernel_{real_kernel()};
};

TEST_F(CheckTest, OfARootThatIsNotThereFindsNothingAndMakesNothing) {
  const Store none(std::make_shared<const LocalBackend>(kernel_, temp_ / "root", LocalOptions()));
  EXPECT_THAT(none.check({.repair = true}).value().findings, IsEmpty());
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(CheckTest, WhatTheDiskRefusesToReadIsFoundAndLeftAlone) {
  create("web");
  const auto before = names();
  kernel_.arm();
  EXPECT_THAT(texts(check()), IsEmpty());
  const auto calls = kernel_.calls();
  const auto read = std::ranges::find(calls, Call::read, &FaultKernel::Record::call);
  ASSERT_NE(read, calls.end());
  kernel_.arm(
      FaultKernel::Fault{.nth = static_cast<std::size_t>(read - calls.begin()) + 1, .error = EIO});
  EXPECT_THAT(texts(repair()), ElementsAre("!unreadable web.state"));
  EXPECT_EQ(names(), before);
}

TEST_F(CheckTest, OfWhatIsAsItShouldBeFindsNothing) {
  create("web");
  create("pod1/web");
  const auto report = repair();
  EXPECT_THAT(texts(report), IsEmpty());
  EXPECT_EQ(report.examined, 4U);
  EXPECT_EQ(report.foreign, 0U);
  EXPECT_EQ(names().size(), 4U);
}

TEST_F(CheckTest, LeavesNamesThatAreNotOursAndCountsThem) {
  const std::vector<std::string> foreign = {"README",
                                            "a b.state",
                                            "web.corrupt-20260101T00000Z",
                                            "web.corrupt-x",
                                            "x:y.lock",
                                            ".corrupt-20260101T000000Z",
                                            "web.corrupt-20260101T000000Zz"};
  for (const auto& name : foreign)
    put(name, "{");
  const auto report = repair();
  EXPECT_THAT(texts(report), IsEmpty());
  EXPECT_EQ(report.foreign, foreign.size());
  EXPECT_EQ(names().size(), foreign.size());
}

TEST_F(CheckTest, WithoutRepairChangesNothing) {
  create("web");
  put("torn.state", "{");
  put("dead.lock");
  put("web.state.tmp", "{");
  const auto before = names();
  EXPECT_THAT(texts(check()), ElementsAre("!orphan_lock dead.lock", "!corrupt torn.state",
                                          "!leftover_temp web.state.tmp"));
  EXPECT_EQ(names(), before);
}

TEST_F(CheckTest, RepairMovesWhatIsCorruptAndRemovesWhatWasLeft) {
  create("web");
  put("torn_sandbox:pod.state", "{\"half\":");
  put("torn_sandbox:pod.state.tmp", "{");
  put("torn_sandbox:pod.lock");
  put("dead.lock");
  put("gone.state.tmp", "{");
  put("web.state.tmp", "{");
  EXPECT_THAT(texts(repair()), ElementsAre("orphan_lock dead.lock", "leftover_temp gone.state.tmp",
                                           "corrupt torn_sandbox:pod.state",
                                           "leftover_temp torn_sandbox:pod.state.tmp",
                                           "leftover_temp web.state.tmp"));
  ASSERT_EQ(names().size(), 3U);
  const auto quarantined = names().front();
  EXPECT_EQ(names::parse_quarantine(quarantined), id("pod/torn"));
  EXPECT_EQ(read_text(temp_ / quarantined), "{\"half\":");
  EXPECT_THAT(texts(repair()), ElementsAre("quarantined " + quarantined));
  create("pod/torn");
}

TEST_F(CheckTest, NeverMovesOverAnEarlierQuarantine) {
  constexpr int times = 5;
  for (int i = 0; i < times; ++i) {
    put("web.state", std::to_string(i));
    const auto report = repair();
    ASSERT_EQ(report.findings.front().kind, Finding::Kind::corrupt);
    const auto& moved = report.findings.front().repair;
    ASSERT_TRUE(moved && moved->has_value());
  }
  std::vector<std::string> contents;
  for (const auto& name : names())
    contents.push_back(read_text(temp_ / name));
  EXPECT_THAT(contents, ElementsAre("0", "1", "2", "3", "4"));
}

TEST_F(CheckTest, LeavesWhatIsTooLargeForItsWriterMayReadIt) {
  put("web.state");
  ASSERT_EQ(truncate((temp_ / "web.state").c_str(), off_t{1} << 30), 0);
  EXPECT_THAT(texts(repair()), ElementsAre("!too_large web.state"));
  EXPECT_THAT(names(), ElementsAre("web.state"));
}

TEST_F(CheckTest, KeepsOrphanedLockFilesThatAreToBeKept) {
  put("dead.lock");
  put("torn.state", "{");
  put("torn.lock");
  EXPECT_THAT(texts(repair({.keep_lock_files = true})), ElementsAre("corrupt torn.state"));
  EXPECT_THAT(names(), IsSupersetOf({"dead.lock", "torn.lock"}));
}

TEST_F(CheckTest, ReportsAStateThatOthersMayWriteTo) {
  create("web");
  ASSERT_EQ(chmod((temp_ / "web.state").c_str(), 0666), 0);
  EXPECT_THAT(texts(repair()), ElementsAre("!writable web.state"));
}

TEST_F(CheckTest, ReportsAStateOfAStranger) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  create("web");
  ASSERT_EQ(chown((temp_ / "web.state").c_str(), 65534, 65534), 0);
  const auto report = check();
  ASSERT_THAT(texts(report), ElementsAre("!writable web.state"));
  EXPECT_THAT(report.findings.front().detail, HasSubstr("uid 65534"));
}

class CheckStrangeFile : public CheckTest, public testing::WithParamInterface<StrangeFile> {};

TEST_P(CheckStrangeFile, IsReportedDoesNotBlockAndStays) {
  create("web");
  GetParam().make(temp_ / "a.state");
  GetParam().make(temp_ / "b.lock");
  put("torn.state", "{");
  const auto report = repair();
  EXPECT_THAT(texts(report),
              ElementsAre("!insecure a.state", "!insecure b.lock", "corrupt torn.state"));
  EXPECT_THAT(report.findings[0].detail, HasSubstr(GetParam().description));
  EXPECT_THAT(report.findings[1].detail, HasSubstr(GetParam().description));
  EXPECT_THAT(names(), IsSupersetOf({"a.state", "b.lock", "web.state"}));
}

INSTANTIATE_TEST_SUITE_P(Local, CheckStrangeFile, testing::ValuesIn(strange_files()),
                         [](const auto& file) { return std::string(file.param.name); });

/// Held, as a save or a create that is under way holds it.
class CheckBesideAHolder : public CheckTest {
 protected:
  void hold(const std::string& name) {
    put(name);
    fd_ = open((temp_ / name).c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(flock(fd_, LOCK_EX | LOCK_NB), 0);
  }
  ~CheckBesideAHolder() override {
    if (fd_ >= 0) close(fd_);
  }

 private:
  int fd_ = -1;
};

TEST_F(CheckBesideAHolder, DoesNotTakeWhatIsUnderWayForLeftovers) {
  hold("web.lock");
  put("web.state.tmp", "{");
  EXPECT_THAT(texts(repair()), IsEmpty());
  EXPECT_THAT(names(), ElementsAre("web.lock", "web.state.tmp"));
}

TEST_F(CheckBesideAHolder, ReportsWhatIsTornAndBusyAndGoesOn) {
  hold("web.lock");
  put("web.state", "{");
  put("web2.lock");
  EXPECT_THAT(texts(repair()), ElementsAre("!busy web.state", "orphan_lock web2.lock"));
  EXPECT_THAT(names(), ElementsAre("web.lock", "web.state"));
}

/// What is a suspect at first and comes to life before the lock is taken.
TEST_F(CheckTest, RepairsOnlyWhatIsStillSoUnderTheLock) {
  create("full");
  put("full.state", "{");
  put("dead.lock");
  put("web.state.tmp", "{");
  int locked = 0;
  kernel_.before_each([&](const FaultKernel::Record& call) {
    const bool takes = call.call == Call::flock && (call.flags & LOCK_EX) != 0;
    if (!takes || ++locked > 1) return;
    put("full.state", "{}");
    put("dead.state", "{}");
    std::filesystem::remove(temp_ / "web.state.tmp");
  });
  EXPECT_THAT(texts(repair()), ElementsAre("orphan_lock dead.lock", "corrupt full.state",
                                           "leftover_temp web.state.tmp"));
  kernel_.before_each({});
  EXPECT_THAT(names(), ElementsAre("dead.lock", "dead.state", "full.lock", "full.state"));
}

TEST_F(CheckTest, MakesTheMoveDurableBeforeItReleasesTheLock) {
  put("web.state", "{");
  kernel_.arm();
  static_cast<void>(repair());
  std::vector<std::string> steps;
  for (const auto& call : kernel_.calls()) {
    const bool step =
        call.call == Call::linkat || call.call == Call::fsync || call.call == Call::unlinkat;
    if (step) steps.push_back(std::string(to_string(call.call)) + " " + call.name);
  }
  EXPECT_THAT(steps, ElementsAre("linkat web.state", "fsync .", "unlinkat web.state", "fsync .",
                                 "unlinkat web.state.tmp", "unlinkat web.lock"));
}

TEST_F(CheckTest, TakesBackAMoveThatItCannotFinish) {
  put("web.lock");
  const auto calls = [&] {
    put("web.state", "{");
    kernel_.arm();
    static_cast<void>(repair());
    std::filesystem::remove(temp_ / names().front());
    return kernel_.calls();
  }();
  for (const auto failing : {Call::fsync, Call::unlinkat}) {
    put("web.state", "{");
    put("web.lock");
    const auto first = std::ranges::find(calls, failing, &FaultKernel::Record::call);
    const auto nth = static_cast<std::size_t>(first - calls.begin()) + 1;
    kernel_.arm(FaultKernel::Fault{.nth = nth, .error = EIO});
    const auto report = repair();
    EXPECT_TRUE(kernel_.hit());
    EXPECT_EQ(report.findings.front().repair->error().code, Errc::io);
    EXPECT_THAT(names(), ElementsAre("web.lock", "web.state"));
  }
}

/// Writes to a temp file, as a saver does, between the first look at it and the second.
class SaverBetweenTwoLooks final : public PassingKernel {
 public:
  Sys<struct stat> fstatat(int dir, const char* path, int flags, Times times) override {
    auto found = PassingKernel::fstatat(dir, path, flags, times);
    if (!found || !std::string_view(path).ends_with(".tmp") || std::exchange(looked_, true)) {
      return found;
    }
    const auto before = PassingKernel::fstatat(dir, path, flags, Times::yes);
    const auto is_newer = [&] {
      const int fd = ::openat(dir, path, O_WRONLY | O_TRUNC | O_CLOEXEC);
      const bool written = fd >= 0 && ::write(fd, "{}", 2) == 2 && ::close(fd) == 0;
      const auto now = PassingKernel::fstatat(dir, path, flags, Times::yes);
      return written && (now->st_ctim.tv_sec != before->st_ctim.tv_sec ||
                         now->st_ctim.tv_nsec != before->st_ctim.tv_nsec);
    };
    EXPECT_TRUE(eventually(is_newer));
    return found;
  }

 private:
  bool looked_ = false;
};

TEST_F(CheckTest, DoesNotTakeWhatIsWrittenMeanwhileForALeftover) {
  put("web.state.tmp", "{}");
  SaverBetweenTwoLooks kernel;
  const Store store(
      std::make_shared<const LocalBackend>(kernel, temp_.path().string(), LocalOptions()));
  EXPECT_THAT(texts(store.check({}).value()), IsEmpty());
  EXPECT_THAT(texts(store.check({}).value()), ElementsAre("!leftover_temp web.state.tmp"));
}

/// Nothing that is not there can be made.
class FullDisk final : public PassingKernel {
 public:
  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    if ((flags & O_CREAT) != 0) return std::unexpected(Errno{ENOSPC});
    return PassingKernel::openat(dir, path, flags, mode);
  }
};

TEST_F(CheckTest, OnAFullDiskRepairsAllButWhatNeedsALockFile) {
  put("dead.lock");
  put("torn.state", "{");
  put("torn.lock");
  put("web.state.tmp", "{");
  FullDisk kernel;
  const Store store(
      std::make_shared<const LocalBackend>(kernel, temp_.path().string(), LocalOptions()));
  const auto report = store.check({.repair = true}).value();
  EXPECT_THAT(texts(report), ElementsAre("orphan_lock dead.lock", "corrupt torn.state",
                                         "!leftover_temp web.state.tmp"));
  EXPECT_EQ(report.findings.back().repair->error().sys_errno, ENOSPC);
}

}  // namespace
}  // namespace latchfile::test
