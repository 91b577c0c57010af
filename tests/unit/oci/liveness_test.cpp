// SPDX-License-Identifier: Apache-2.0
#include "oci/liveness.hpp"

#include <csignal>
#include <sstream>
#include <gtest/gtest.h>
#include <unistd.h>

#include "posix/real_kernel.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

std::uint64_t start_time_of(pid_t pid) {
  const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream rest(stat.substr(stat.rfind(')') + 2));
  std::string field;
  for (int i = 3; i <= 22; ++i)
    rest >> field;
  return std::stoull(field);
}

bool runs(pid_t pid, std::optional<std::uint64_t> start_time = std::nullopt) {
  return process_runs(real_kernel(), pid, start_time);
}

TEST(Liveness, OfAProcessThatRuns) {
  const Child child([] { return pause(); });
  EXPECT_TRUE(runs(child.pid()));
  EXPECT_TRUE(runs(child.pid(), start_time_of(child.pid())));
}

TEST(Liveness, APidThatWasGivenToAnotherProcessDoesNotCount) {
  const Child child([] { return pause(); });
  EXPECT_FALSE(runs(child.pid(), start_time_of(child.pid()) + 1));
}

TEST(Liveness, AZombieDoesNotRun) {
  Child child([] { return pause(); });
  child.signal(SIGKILL);
  EXPECT_TRUE(eventually([&] { return !runs(child.pid()); }));
  EXPECT_EQ(child.wait(), 128 + SIGKILL) << "it was no zombie";
}

TEST(Liveness, WhatIsNoPidDoesNotRun) {
  EXPECT_FALSE(runs(0));
  EXPECT_FALSE(runs(-1));
}

TEST(Liveness, ANameWithParenthesesAndSpacesDoesNotConfuseIt) {
  const TempDir temp;
  const auto program = temp / "a) Z 1 (b";
  std::filesystem::copy_file("/bin/sleep", program);
  const Child child({program, "1000"});
  const auto comm = "/proc/" + std::to_string(child.pid()) + "/comm";
  ASSERT_TRUE(eventually([&] { return read_text(comm).starts_with("a) Z"); }));
  EXPECT_TRUE(runs(child.pid(), start_time_of(child.pid())));
}

TEST(StatusOf, IsAsWrittenElseFoundOut) {
  Summary summary;
  EXPECT_EQ(status_of(real_kernel(), summary), "");
  summary.pid = getpid();
  EXPECT_EQ(status_of(real_kernel(), summary), "running");
  summary.start_time = 1;
  EXPECT_EQ(status_of(real_kernel(), summary), "stopped");
  summary.status = "paused";
  EXPECT_EQ(status_of(real_kernel(), summary), "paused");
}

}  // namespace
}  // namespace latchfile::test
