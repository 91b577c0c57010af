// SPDX-License-Identifier: Apache-2.0
#include "posix/replace_file.hpp"

#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <set>

#include "support/child.hpp"
#include "support/fault_kernel.hpp"
#include "support/temp_dir.hpp"
#include "unit/open_directory.hpp"
#include "unit/strange_files.hpp"

namespace latchfile::test {
namespace {

using Call = FaultKernel::Call;

class ReplaceFile : public testing::Test {
 protected:
  Result<> replace(std::string_view content, Sync sync = Sync::yes) {
    return replace_file(dir_, "f", "f.tmp", content, sync, known_);
  }
  struct stat stat_of(const std::string& name) const {
    struct stat result{};
    EXPECT_EQ(lstat((temp_ / name).c_str(), &result), 0);
    return result;
  }
  std::vector<Call> calls() const {
    std::vector<Call> found;
    for (const auto& call : kernel_.calls())
      found.push_back(call.call);
    return found;
  }

  TempDir temp_;
  FaultKernel kernel_{real_kernel()};
  Directory dir_ = open_directory(temp_.path(), kernel_);
  std::optional<FileIdentity> known_;
};

TEST_F(ReplaceFile, MakesAndReplaces) {
  ASSERT_TRUE(replace("one"));
  EXPECT_EQ(read_text(temp_ / "f"), "one");
  const auto first = stat_of("f").st_ino;
  ASSERT_TRUE(replace("two"));
  EXPECT_EQ(read_text(temp_ / "f"), "two");
  EXPECT_NE(stat_of("f").st_ino, first) << "rewritten in place";
  EXPECT_EQ(names_in(temp_.path()), std::vector<std::string>{"f"});
}

TEST_F(ReplaceFile, SyncsTheFileBeforeTheRenameAndTheDirectoryAfterIt) {
  ASSERT_TRUE(replace("one"));
  const auto order = calls();
  const auto at = [&](Call call) { return std::ranges::find(order, call) - order.begin(); };
  EXPECT_LT(at(Call::write), at(Call::fdatasync));
  EXPECT_LT(at(Call::fdatasync), at(Call::renameat));
  EXPECT_LT(at(Call::renameat), at(Call::fsync));
  EXPECT_LT(at(Call::fsync), std::ssize(order));
}

TEST_F(ReplaceFile, SyncsNothingIfToldSo) {
  ASSERT_TRUE(replace("one", Sync::no));
  EXPECT_EQ(std::ranges::count(calls(), Call::fdatasync), 0);
  EXPECT_EQ(std::ranges::count(calls(), Call::fsync), 0);
  EXPECT_EQ(read_text(temp_ / "f"), "one");
}

TEST_F(ReplaceFile, ANewFileHasMode0640LessTheUmask) {
  for (const auto& [mask, mode] : {std::pair<mode_t, mode_t>{0022, 0640}, {0077, 0600}}) {
    // In a child, for the umask belongs to the whole process.
    Child child([&, bits = mask] {
      umask(bits);
      return replace("x", Sync::no) ? 0 : 1;
    });
    ASSERT_EQ(child.wait(), 0);
    EXPECT_EQ(stat_of("f").st_mode & 07777, mode);
    std::filesystem::remove(temp_ / "f");
  }
}

TEST_F(ReplaceFile, AReplacementKeepsTheModeWhateverTheUmask) {
  for (const mode_t mode : {0600U, 0640U, 0644U, 0666U, 0400U}) {
    write_text(temp_ / "f", "old");
    ASSERT_EQ(chmod((temp_ / "f").c_str(), mode), 0);
    ASSERT_TRUE(replace("new"));
    EXPECT_EQ(stat_of("f").st_mode & 07777, mode);
    std::filesystem::remove(temp_ / "f");
  }
}

TEST_F(ReplaceFile, AReplacementIsNeverMoreOpenThanWhatItReplaces) {
  write_text(temp_ / "f", "old");
  ASSERT_EQ(chmod((temp_ / "f").c_str(), 0600), 0);
  mode_t seen = 0;
  kernel_.before_each([&](const FaultKernel::Record&) {
    if (std::filesystem::exists(temp_ / "f.tmp")) seen |= stat_of("f.tmp").st_mode & 07777;
  });
  ASSERT_TRUE(replace("new"));
  EXPECT_EQ(seen, 0600u);
}

TEST_F(ReplaceFile, AReplacementIsClosedToItsGroupUntilThatIsTheOldOne) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  write_text(temp_ / "f", "old");
  ASSERT_EQ(chmod((temp_ / "f").c_str(), 0644), 0);
  ASSERT_EQ(chown((temp_ / "f").c_str(), 0, 65534), 0);
  // An open file that is never removed keeps its inode, so that no number is seen twice.
  std::vector<int> opened;
  std::set<ino_t> too_open;
  kernel_.before_each([&](const FaultKernel::Record&) {
    const int fd = open((temp_ / "f.tmp").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    opened.push_back(fd);
    const auto now = stat_of("f.tmp");
    if (now.st_gid != 65534 && (now.st_mode & 0077) != 0) too_open.insert(now.st_ino);
  });
  ASSERT_TRUE(replace("new"));
  EXPECT_FALSE(too_open.contains(stat_of("f").st_ino));
  EXPECT_EQ(stat_of("f").st_mode & 07777, 0644u);
  for (const int fd : opened)
    close(fd);
}

TEST_F(ReplaceFile, AReplacementKeepsTheOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may give files away";
  constexpr uid_t nobody = 65534;
  write_text(temp_ / "f", "old");
  ASSERT_EQ(chown((temp_ / "f").c_str(), nobody, nobody), 0);
  ASSERT_EQ(chmod((temp_ / "f").c_str(), 0640), 0);
  ASSERT_TRUE(replace("new"));
  EXPECT_EQ(stat_of("f").st_uid, nobody);
  EXPECT_EQ(stat_of("f").st_gid, nobody);
  EXPECT_EQ(stat_of("f").st_mode & 07777, 0640u);
}

TEST_F(ReplaceFile, ALeftoverTempFileIsReplacedNotReused) {
  write_text(temp_ / "f.tmp", "much longer than what is written now");
  ASSERT_TRUE(replace("short"));
  EXPECT_EQ(read_text(temp_ / "f"), "short");
  EXPECT_EQ(names_in(temp_.path()), std::vector<std::string>{"f"});
}

TEST_F(ReplaceFile, ATempNameThatIsALinkIsNotFollowed) {
  write_text(temp_ / "elsewhere", "precious");
  std::filesystem::create_symlink("elsewhere", temp_ / "f.tmp");
  ASSERT_TRUE(replace("new"));
  EXPECT_EQ(read_text(temp_ / "elsewhere"), "precious");
  EXPECT_TRUE(S_ISREG(stat_of("f").st_mode));
}

TEST_F(ReplaceFile, ATempNameThatIsADirectoryIsAnError) {
  write_text(temp_ / "f", "old");
  std::filesystem::create_directory(temp_ / "f.tmp");
  const auto replaced = replace("new");
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, Errc::io);
  EXPECT_EQ(read_text(temp_ / "f"), "old");
  EXPECT_TRUE(std::filesystem::is_directory(temp_ / "f.tmp"));
}

TEST_F(ReplaceFile, ATempFileThatCannotBeRemovedIsNamed) {
  kernel_.arm();
  ASSERT_TRUE(replace("one"));
  const auto order = calls();
  const auto write = std::ranges::find(order, Call::write) - order.begin() + 1;
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (call.call != Call::unlinkat) return;
    std::filesystem::remove(temp_ / "f.tmp");
    std::filesystem::create_directory(temp_ / "f.tmp");
  });
  kernel_.arm(FaultKernel::Fault{static_cast<std::size_t>(write), ENOSPC});
  const auto replaced = replace("two");
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().sys_errno, ENOSPC) << "the first error counts";
  EXPECT_NE(replaced.error().message().find("left behind"), std::string::npos);
}

class ReplaceSharedFile : public ReplaceFile {
 protected:
  void SetUp() override {
    ASSERT_EQ(chmod(temp_.path().c_str(), 01777), 0);
    dir_.strangers_write = true;
  }
  void expect_refused() {
    const auto found = stat_of("f").st_ino;
    const auto replaced = replace("private");
    ASSERT_FALSE(replaced);
    EXPECT_EQ(replaced.error().code, Errc::insecure);
    EXPECT_EQ(stat_of("f").st_ino, found);
    EXPECT_EQ(names_in(temp_.path()), std::vector<std::string>{"f"});
  }
};

TEST_F(ReplaceSharedFile, KnowsWhatItPutThereItself) {
  for (const auto* content : {"one", "two", "three"}) {
    const auto replaced = replace(content);
    ASSERT_TRUE(replaced) << replaced.error().message();
    EXPECT_EQ(known_, FileIdentity::of(stat_of("f")));
  }
}

TEST_F(ReplaceSharedFile, WhatWasPutThereMeanwhileIsLeftAlone) {
  write_text(temp_ / "f", "of a stranger");
  expect_refused();
  std::filesystem::remove(temp_ / "f");
  ASSERT_TRUE(replace("one"));
  // Both exist at once, so that they cannot have the same inode.
  write_text(temp_ / "other", "of a stranger");
  std::filesystem::rename(temp_ / "other", temp_ / "f");
  expect_refused();
}

TEST_F(ReplaceSharedFile, AReusedInodeOfAnotherOwnerIsNotTheSame) {
  ASSERT_TRUE(replace("one"));
  ++known_->owner;
  expect_refused();
}

TEST_F(ReplaceSharedFile, AChangeOfModeUnderTheLockIsKept) {
  ASSERT_TRUE(replace("one"));
  ASSERT_EQ(chmod((temp_ / "f").c_str(), 0600), 0);
  ASSERT_TRUE(replace("two"));
  EXPECT_EQ(stat_of("f").st_mode & 07777, 0600u);
}

TEST_F(ReplaceSharedFile, AFailureKeepsWhatIsKnown) {
  ASSERT_TRUE(replace("one"));
  kernel_.arm();
  ASSERT_TRUE(replace("two"));
  const auto order = calls();
  const auto rename = std::ranges::find(order, Call::renameat) - order.begin() + 1;
  kernel_.arm(FaultKernel::Fault{static_cast<std::size_t>(rename), EIO});
  EXPECT_EQ(replace("three").error().code, Errc::io);
  kernel_.arm();
  EXPECT_TRUE(replace("three"));
}

TEST_F(ReplaceFile, WhatWasPutThereMeanwhileIsReplacedWhereNoStrangerWrites) {
  ASSERT_TRUE(replace("one"));
  write_text(temp_ / "other", "of somebody who ignores locks");
  std::filesystem::rename(temp_ / "other", temp_ / "f");
  EXPECT_TRUE(replace("two"));
  EXPECT_EQ(read_text(temp_ / "f"), "two");
}

class ReplaceStrangeFile : public testing::TestWithParam<StrangeFile> {};

TEST_P(ReplaceStrangeFile, IsRefusedAndLeftAlone) {
  const TempDir temp;
  GetParam().make(temp / "f");
  std::optional<FileIdentity> known;
  const auto replaced =
      replace_file(open_directory(temp.path()), "f", "f.tmp", "new", Sync::yes, known);
  ASSERT_FALSE(replaced);
  EXPECT_EQ(replaced.error().code, Errc::insecure);
  EXPECT_EQ(names_in(temp.path()), std::vector<std::string>{"f"});
  EXPECT_FALSE(std::filesystem::is_regular_file(std::filesystem::symlink_status(temp / "f")));
}

INSTANTIATE_TEST_SUITE_P(ReplaceFile, ReplaceStrangeFile, testing::ValuesIn(strange_files()),
                         [](const auto& file) { return std::string(file.param.name); });

}  // namespace
}  // namespace latchfile::test
