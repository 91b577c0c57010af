// SPDX-License-Identifier: Apache-2.0
#include "local/list.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/fault_kernel.hpp"
#include "support/temp_dir.hpp"
#include "unit/open_directory.hpp"

namespace latchfile::test {
namespace {

class ListTest : public testing::Test {
 protected:
  std::vector<std::string> ids() const {
    std::vector<std::string> texts;
    const auto found = list_ids(dir_).value();
    for (const auto& id : found)
      texts.emplace_back(id.text());
    return texts;
  }

  TempDir temp_;
  mutable FaultKernel kernel_{real_kernel()};
  Directory dir_ = open_directory(temp_.path(), kernel_);
};

TEST_F(ListTest, AnEmptyDirectoryHasNone) { EXPECT_TRUE(ids().empty()); }

TEST_F(ListTest, SortsByIdNotByName) {
  for (const auto* name : {"web.state", "a_sandbox:z.state", "z_sandbox:a.state", "B.state"}) {
    write_text(temp_ / name, "");
  }
  EXPECT_EQ(ids(), (std::vector<std::string>{"B", "a/z", "web", "z/a"}));
}

TEST_F(ListTest, SortsManyThatBeginWithTheSameBytes) {
  std::vector<std::string> expected = {"a", "same-beginning"};
  for (int i = 0; i < 100; ++i)
    expected.push_back("same-beginning-" + std::to_string(i));
  for (const auto& id : expected)
    write_text(temp_ / (id + ".state"), "");
  std::ranges::sort(expected);
  EXPECT_EQ(ids(), expected);
}

TEST_F(ListTest, LeavesOutWhatIsNotOurs) {
  for (const auto* name : {"web.lock", "web.state.tmp", "web.corrupt-20260101T000000Z", ".hidden",
                           "we ird_sandbox:x.state", "_sandbox:x.state", ".state", "a:b.state",
                           "webXsandbox:pod1.state"}) {
    write_text(temp_ / name, "");
  }
  EXPECT_TRUE(ids().empty());
}

TEST_F(ListTest, ReadsNamesOnly) {
  ASSERT_EQ(mkfifo((temp_ / "fifo.state").c_str(), 0), 0);
  std::filesystem::create_symlink("nowhere", temp_ / "link.state");
  write_text(temp_ / "empty.state", "");
  EXPECT_EQ(ids(), (std::vector<std::string>{"empty", "fifo", "link"}));
  const auto opened =
      std::ranges::count(kernel_.calls(), FaultKernel::Call::openat, &FaultKernel::Record::call);
  EXPECT_EQ(opened, 2) << "more than the directory itself, twice, was opened";
}

TEST_F(ListTest, ThreeThousandEntriesTakeAHandfulOfCalls) {
  std::vector<std::string> expected;
  for (int i = 0; i < 3000; ++i) {
    expected.push_back("container-" + std::to_string(i));
    write_text(temp_ / (expected.back() + ".state"), "");
  }
  std::ranges::sort(expected);
  EXPECT_EQ(ids(), expected);
  EXPECT_LE(kernel_.calls().size(), 10u);
}

TEST_F(ListTest, CanBeReadAgainAndAgain) {
  write_text(temp_ / "web.state", "");
  EXPECT_EQ(ids(), ids());
  EXPECT_EQ(ids().size(), 1u);
}

TEST_F(ListTest, LockFilesComeWithTheirInodes) {
  write_text(temp_ / "web.lock", "");
  write_text(temp_ / "web.state", "");
  const auto files = list_lock_files(dir_).value();
  ASSERT_EQ(files.size(), 1u);
  struct stat found{};
  ASSERT_EQ(stat((temp_ / "web.lock").c_str(), &found), 0);
  EXPECT_EQ(files.front().id.text(), "web");
  EXPECT_EQ(files.front().inode, found.st_ino);
}

}  // namespace
}  // namespace latchfile::test
