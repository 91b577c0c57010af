// SPDX-License-Identifier: Apache-2.0
//
// Power cuts before every system call of a repair: on every disk that each may leave the healthy
// document is whole, what was corrupt is there under one name at least, another repair ends with
// nothing left to do, and once a repair has returned the state that it moved is at its new name for
// good.
#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "crash/crash_kernel.hpp"
#include "latchfile/check.hpp"
#include "local/local_backend.hpp"

namespace latchfile::test {
namespace {

constexpr const char* healthy = R"({"a":1})";
constexpr const char* torn = R"({"a":)";
constexpr const char* quarantine_name = "torn.corrupt-19700101T000000Z";

/// A root with a healthy state, a torn one, and what killed processes left.
Disk disk_in_need_of_repair() {
  Disk disk;
  const auto root = disk.make(S_IFDIR | 0711);
  disk.point(Disk::root, "root", root);
  const auto put = [&](const char* name, const char* text) {
    const auto file = disk.make(S_IFREG | 0600);
    disk.rewrite(file, text);
    disk.point(root, name, file);
  };
  put("web.state", healthy);
  put("web.lock", "");
  put("web.state.tmp", torn);
  put("torn.state", torn);
  put("dead.lock", "");
  disk.sync_all();
  return disk;
}

Result<CheckReport> repair(CrashKernel& kernel) {
  return LocalBackend(kernel, "/root", {}).check({.repair = true, .wait = Wait::never()});
}

std::string text_at(const Disk& disk, const std::string& name) {
  const auto file = disk.find("/root/" + name);
  return file == Disk::none ? "nothing" : disk.content(file);
}

std::set<std::string> names_on(const Disk& disk) { return disk.names_in(disk.find("/root")); }

/// That it is a name of what was corrupt, and as it was found.
bool keeps_the_torn(const Disk& disk, const std::string& name) {
  return (name == "torn.state" || name.starts_with("torn.corrupt-")) && text_at(disk, name) == torn;
}

void expect_repairable(const Disk& disk) {
  EXPECT_EQ(text_at(disk, "web.state"), healthy);
  const auto keeps = [&](const std::string& name) { return keeps_the_torn(disk, name); };
  EXPECT_TRUE(std::ranges::any_of(names_on(disk), keeps)) << "what was corrupt is lost";
  CrashKernel kernel(disk);
  const auto report = repair(kernel);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(std::ranges::none_of(report->findings, &Finding::is_open));
  EXPECT_EQ(text_at(kernel.disk(), "web.state"), healthy);
  for (const auto& name : names_on(kernel.disk())) {
    EXPECT_TRUE(name == "web.state" || name == "web.lock" ||
                (name != "torn.state" && keeps_the_torn(kernel.disk(), name)))
        << name << " is left";
  }
}

TEST(PowerCutDuringRepair, LeavesWhatAnotherRepairFinishes) {
  CrashKernel kernel(disk_in_need_of_repair());
  std::size_t cuts = 0;
  Disk last;
  kernel.before_each([&] {
    if (kernel.disk() == last) return;
    last = kernel.disk();
    last.for_each_power_cut([&](const Disk& disk) {
      ++cuts;
      expect_repairable(disk);
    });
  });
  const auto report = repair(kernel);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->findings.size(), 3U);
  kernel.before_each({});
  EXPECT_GT(cuts, 10U);
  kernel.disk().for_each_power_cut([&](const Disk& disk) {
    EXPECT_EQ(text_at(disk, quarantine_name), torn);
    EXPECT_EQ(text_at(disk, "torn.state"), "nothing");
  });
}

/// What a repair whose nth sync fails says of what it found of that kind. Nothing is lost by it.
Errc answer_if_sync_fails(std::size_t nth, Finding::Kind kind) {
  CrashKernel kernel(disk_in_need_of_repair());
  kernel.fail_sync(nth);
  const auto report = repair(kernel).value();
  kernel.disk().for_each_power_cut(expect_repairable);
  const auto failed = std::ranges::find(report.findings, kind, &Finding::kind);
  return failed->repair.value().error().code;
}

TEST(PowerCutDuringRepair, IsSurvivedIfASyncFailsAndThatIsTold) {
  using enum Finding::Kind;
  EXPECT_EQ(answer_if_sync_fails(1, orphan_lock), Errc::commit_unknown);
  EXPECT_EQ(answer_if_sync_fails(2, corrupt), Errc::io);
  EXPECT_EQ(answer_if_sync_fails(3, corrupt), Errc::commit_unknown);
}

}  // namespace
}  // namespace latchfile::test
