// SPDX-License-Identifier: Apache-2.0
//
// The records of real containers, followed from create to delete. Skipped where there is no right
// to make containers, or no runtime.
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/runtime.hpp"

namespace latchfile::test {
namespace {

class RuntimeHook : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can make containers here";
    if (run({GetParam(), "--version"}).exit_code != 0) {
      GTEST_SKIP() << GetParam() << " is not installed";
    }
  }

  /// The process that lives in the container is the one that the record identifies.
  static void expect_same_process(const Runtime& runtime, const std::string& id) {
    const auto record = runtime.record(id);
    EXPECT_EQ(record["pid"], runtime.state(id)["pid"]);
    EXPECT_EQ(record["org.latchfile.process"]["pid"], record["pid"]);
    EXPECT_GT(record["org.latchfile.process"]["startTime"], 0);
  }

  static void create_and_start(const Runtime& runtime, const std::string& id) {
    ASSERT_EQ(runtime.create(id), 0) << runtime.log();
    ASSERT_EQ(runtime.call({"start", id}), 0) << runtime.log();
  }
};

TEST_P(RuntimeHook, FollowsAContainerFromCreateToDelete) {
  const Runtime runtime(GetParam());
  const auto web = runtime.id("web");
  ASSERT_EQ(runtime.create(web), 0) << runtime.log();
  const auto created = runtime.record(web);
  // runc 1.1 has its poststart in create.
  EXPECT_FALSE(created.is_null());
  EXPECT_EQ(created["id"], web);
  EXPECT_EQ(created["bundle"], runtime.bundle_of(web));
  expect_same_process(runtime, web);

  ASSERT_EQ(runtime.call({"start", web}), 0) << runtime.log();
  EXPECT_EQ(runtime.record(web)["status"], "running");
  EXPECT_EQ(runtime.record(web)["org.latchfile.process"], created["org.latchfile.process"]);
  expect_same_process(runtime, web);

  ASSERT_EQ(runtime.call({"kill", web, "TERM"}), 0) << runtime.log();
  EXPECT_TRUE(eventually([&] { return runtime.listed(web) == "stopped"; })) << runtime.log();
  ASSERT_EQ(runtime.call({"delete", web}), 0) << runtime.log();
  EXPECT_TRUE(runtime.record(web).is_null());
  EXPECT_TRUE(names_in(runtime.records()).empty());
  EXPECT_EQ(runtime.complaints(), "");
}

TEST_P(RuntimeHook, FollowsAContainerThatEndsByItself) {
  const Runtime runtime(GetParam(), {"--keep"}, {"end"});
  const auto job = runtime.id("job");
  create_and_start(runtime, job);
  EXPECT_TRUE(eventually([&] { return runtime.listed(job) == "stopped"; })) << runtime.log();
  ASSERT_EQ(runtime.call({"delete", job}), 0) << runtime.log();
  EXPECT_EQ(runtime.record(job)["status"], "stopped");
  EXPECT_FALSE(runtime.record(job).contains("pid"));

  create_and_start(runtime, job);
  EXPECT_EQ(runtime.record(job)["status"], "running") << "a new life of the same id";
  EXPECT_EQ(runtime.complaints(), "");
}

TEST_P(RuntimeHook, FollowsAContainerThatIsDeletedByForce) {
  const Runtime runtime(GetParam());
  const auto web = runtime.id("web");
  for (int life = 0; life < 5; ++life) {
    create_and_start(runtime, web);
    EXPECT_EQ(runtime.listed(web), "running");
    ASSERT_EQ(runtime.call({"delete", "--force", web}), 0) << runtime.log();
    EXPECT_TRUE(runtime.record(web).is_null());
  }
  EXPECT_EQ(runtime.complaints(), "");
}

TEST_P(RuntimeHook, KeepsTheRecordThroughAPause) {
  const Runtime runtime(GetParam());
  const auto web = runtime.id("web");
  create_and_start(runtime, web);
  if (runtime.call({"pause", web}) != 0) {
    GTEST_SKIP() << GetParam() << " cannot pause here: " << runtime.log();
  }
  EXPECT_EQ(runtime.listed(web), "running") << "no hook tells of a pause";
  ASSERT_EQ(runtime.call({"resume", web}), 0) << runtime.log();
  ASSERT_EQ(runtime.call({"delete", "--force", web}), 0) << runtime.log();
  EXPECT_TRUE(runtime.record(web).is_null());
}

TEST_P(RuntimeHook, ASecondCreateOfTheIdLeavesTheRecordOfTheFirst) {
  const Runtime runtime(GetParam());
  const auto web = runtime.id("web");
  create_and_start(runtime, web);
  const auto before = runtime.record(web);
  EXPECT_NE(runtime.create(web), 0);
  EXPECT_EQ(runtime.record(web), before);
  EXPECT_EQ(runtime.listed(web), "running");
}

TEST_P(RuntimeHook, ALockThatIsHeldFailsNoContainer) {
  const Runtime runtime(GetParam(), {"--timeout", "0.05"});
  const auto web = runtime.id("web");
  ASSERT_EQ(runtime.create(web), 0) << runtime.log();
  const Child holder(std::vector<std::string>{LATCHFILE_BINARY, "--root", runtime.records(), "lock",
                                              web, "--", "sleep", "600"});
  ASSERT_TRUE(eventually([&] {
    return runtime.latchfile({"locks"}).out.find(std::to_string(holder.pid())) != std::string::npos;
  }));
  EXPECT_EQ(runtime.call({"start", web}), 0) << runtime.log();
  EXPECT_EQ(runtime.state(web)["status"], "running");
  EXPECT_EQ(runtime.call({"delete", "--force", web}), 0) << runtime.log();
  EXPECT_TRUE(runtime.state(web).is_null());
  EXPECT_NE(runtime.complaints().find("held by pid " + std::to_string(holder.pid())),
            std::string::npos)
      << runtime.complaints();
  EXPECT_EQ(runtime.listed(web), "stopped")
      << "its record stays, for the next of that id to replace";
}

TEST_P(RuntimeHook, FollowsTwentyContainersAtOnce) {
  constexpr int containers = 20;
  const Runtime runtime(GetParam(), {"--timeout", "30"});
  const auto on_each = [&](const std::function<int(const std::string&)>& body) {
    std::vector<Child> children;
    for (int i = 0; i < containers; ++i) {
      children.emplace_back([&, i] { return body(runtime.id("c" + std::to_string(i))); });
    }
    for (auto& child : children)
      EXPECT_EQ(child.wait(), 0) << runtime.log();
  };
  on_each([&](const std::string& id) {
    const auto failed = runtime.create(id);
    return failed != 0 ? failed : runtime.call({"start", id});
  });
  for (int i = 0; i < containers; ++i) {
    const auto id = runtime.id("c" + std::to_string(i));
    ASSERT_EQ(runtime.listed(id), "running");
    expect_same_process(runtime, id);
  }
  on_each([&](const std::string& id) { return runtime.call({"delete", "--force", id}); });
  EXPECT_TRUE(names_in(runtime.records()).empty());
  EXPECT_EQ(runtime.complaints(), "");
}

INSTANTIATE_TEST_SUITE_P(Of, RuntimeHook, testing::Values("runc", "crun"),
                         [](const auto& runtime) { return runtime.param; });

}  // namespace
}  // namespace latchfile::test
