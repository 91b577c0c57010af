// SPDX-License-Identifier: Apache-2.0
#include "posix/read_file.hpp"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <utility>

#include "support/child.hpp"
#include "support/fault_kernel.hpp"
#include "support/temp_dir.hpp"
#include "unit/open_directory.hpp"
#include "unit/strange_files.hpp"

namespace latchfile::test {
namespace {

constexpr std::size_t limit = 1024;

class ReadFile : public testing::Test {
 protected:
  TempDir temp_;
  FaultKernel kernel_{real_kernel()};
  Directory dir_ = open_directory(temp_.path(), kernel_);

  std::ptrdiff_t times_opened() const {
    return std::ranges::count(kernel_.calls(), FaultKernel::Call::openat,
                              &FaultKernel::Record::call) -
           1;
  }
};

TEST_F(ReadFile, GivesTheBytes) {
  const std::string bytes("a\0b\xff\n", 5);
  write_text(temp_ / "f", bytes);
  const auto content = read_file(dir_, "f", limit);
  ASSERT_TRUE(content) << content.error().message();
  EXPECT_EQ(content->bytes, bytes);
  EXPECT_TRUE(content->settled);
  EXPECT_EQ(times_opened(), 1);
}

TEST_F(ReadFile, AnEmptyFileIsNoError) {
  write_text(temp_ / "f", "");
  const auto content = read_file(dir_, "f", limit);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->bytes, "");
  EXPECT_TRUE(content->settled);
}

TEST_F(ReadFile, AbsentIsNotFound) {
  EXPECT_EQ(read_file(dir_, "f", limit).error().code, Errc::not_found);
}

TEST_F(ReadFile, TheLimitIsExact) {
  write_text(temp_ / "f", std::string(limit, 'x'));
  EXPECT_EQ(read_file(dir_, "f", limit)->bytes.size(), limit);
  write_text(temp_ / "f", std::string(limit + 1, 'x'));
  EXPECT_EQ(read_file(dir_, "f", limit).error().code, Errc::too_large);
}

TEST_F(ReadFile, ASparseFileOfATerabyteCostsNothing) {
  write_text(temp_ / "f", "");
  std::error_code unsupported;
  std::filesystem::resize_file(temp_ / "f", std::uintmax_t{1} << 40, unsupported);
  if (unsupported) GTEST_SKIP() << "the file system has no sparse files of that size";
  EXPECT_EQ(read_file(dir_, "f", limit).error().code, Errc::too_large);
}

TEST_F(ReadFile, ReadsAgainWhatGrewMeanwhile) {
  write_text(temp_ / "f", "half");
  bool grown = false;
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (call.call != FaultKernel::Call::read || grown) return;
    grown = true;
    write_text(temp_ / "f", "half and half");
  });
  const auto content = read_file(dir_, "f", limit);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->bytes, "half and half");
  EXPECT_TRUE(content->settled);
  EXPECT_EQ(times_opened(), 2);
}

TEST_F(ReadFile, ReadsAgainWhatWasTruncatedMeanwhile) {
  write_text(temp_ / "f", "whole");
  bool truncated = false;
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (call.call != FaultKernel::Call::read || truncated) return;
    truncated = true;
    write_text(temp_ / "f", "");
  });
  const auto content = read_file(dir_, "f", limit);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->bytes, "");
  EXPECT_TRUE(content->settled);
}

TEST_F(ReadFile, ReadsAgainWhatWasRewrittenMeanwhileInTheSameSize) {
  const auto file = temp_ / "f";
  write_text(file, "one");
  const auto before = std::filesystem::last_write_time(file);
  bool rewritten = false;
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (call.call != FaultKernel::Call::read || std::exchange(rewritten, true)) return;
    EXPECT_TRUE(eventually([&] {
      write_text(file, "two");
      return std::filesystem::last_write_time(file) != before;
    }));
  });
  const auto content = read_file(dir_, "f", limit);
  ASSERT_TRUE(content);
  EXPECT_EQ(content->bytes, "two");
  EXPECT_TRUE(content->settled);
  EXPECT_EQ(times_opened(), 2);
}

TEST_F(ReadFile, GivesUpOnWhatNeverSettlesAndSaysSo) {
  write_text(temp_ / "f", "x");
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (call.call != FaultKernel::Call::read) return;
    std::ofstream(temp_ / "f", std::ios::app) << 'x';
  });
  const auto content = read_file(dir_, "f", limit);
  ASSERT_TRUE(content);
  EXPECT_FALSE(content->settled);
  EXPECT_LE(times_opened(), 5);
}

TEST_F(ReadFile, ASecondHardLinkIsRefusedWhereStrangersMayWrite) {
  std::filesystem::create_directory(temp_ / "shared");
  write_text(temp_ / "secret", "secret");
  std::filesystem::create_hard_link(temp_ / "secret", temp_ / "shared/f");
  for (const mode_t mode : {01777U, 01770U, 0777U, 0720U}) {
    ASSERT_EQ(chmod((temp_ / "shared").c_str(), mode), 0);
    const auto content = read_file(open_directory(temp_ / "shared", kernel_), "f", limit);
    ASSERT_FALSE(content) << std::oct << mode;
    EXPECT_EQ(content.error().code, Errc::insecure);
    EXPECT_NE(content.error().message().find("2 hard links"), std::string::npos);
  }
  ASSERT_EQ(chmod((temp_ / "shared").c_str(), 0755), 0);
  EXPECT_EQ(read_file(open_directory(temp_ / "shared"), "f", limit)->bytes, "secret");
}

class ReadStrangeFile : public testing::TestWithParam<StrangeFile> {};

TEST_P(ReadStrangeFile, IsRefusedAtOnce) {
  const TempDir temp;
  GetParam().make(temp / "f");
  const auto content = read_file(open_directory(temp.path()), "f", limit);
  ASSERT_FALSE(content);
  EXPECT_EQ(content.error().code, Errc::insecure);
  EXPECT_NE(content.error().message().find(GetParam().description), std::string::npos)
      << content.error().message();
}

INSTANTIATE_TEST_SUITE_P(ReadFile, ReadStrangeFile, testing::ValuesIn(strange_files()),
                         [](const auto& file) { return std::string(file.param.name); });

}  // namespace
}  // namespace latchfile::test
