// SPDX-License-Identifier: Apache-2.0
//
// The records of real containers, followed from create to delete. Skipped where there is no right
// to make containers, or no runtime.
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/bundle.hpp"

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
  static void expect_same_process(const Bundle& bundle, const std::string& id) {
    const auto record = bundle.record(id);
    EXPECT_EQ(record["pid"], bundle.state(id)["pid"]);
    EXPECT_EQ(record["org.latchfile.process"]["pid"], record["pid"]);
    EXPECT_GT(record["org.latchfile.process"]["startTime"], 0);
  }

  static void create_and_start(const Bundle& bundle, const std::string& id) {
    ASSERT_EQ(bundle.create(id), 0) << bundle.log();
    ASSERT_EQ(bundle.runtime({"start", id}), 0) << bundle.log();
  }
};

TEST_P(RuntimeHook, FollowsAContainerFromCreateToDelete) {
  const Bundle bundle(GetParam());
  const auto web = bundle.id("web");
  ASSERT_EQ(bundle.create(web), 0) << bundle.log();
  const auto created = bundle.record(web);
  // runc 1.1 has its poststart in create.
  EXPECT_FALSE(created.is_null());
  EXPECT_EQ(created["id"], web);
  EXPECT_EQ(created["bundle"], bundle.dir() / "bundle");
  expect_same_process(bundle, web);

  ASSERT_EQ(bundle.runtime({"start", web}), 0) << bundle.log();
  EXPECT_EQ(bundle.record(web)["status"], "running");
  EXPECT_EQ(bundle.record(web)["org.latchfile.process"], created["org.latchfile.process"]);
  expect_same_process(bundle, web);

  ASSERT_EQ(bundle.runtime({"kill", web, "TERM"}), 0) << bundle.log();
  EXPECT_TRUE(eventually([&] { return bundle.listed(web) == "stopped"; })) << bundle.log();
  ASSERT_EQ(bundle.runtime({"delete", web}), 0) << bundle.log();
  EXPECT_TRUE(bundle.record(web).is_null());
  EXPECT_TRUE(names_in(bundle.records()).empty());
  EXPECT_EQ(bundle.complaints(), "");
}

TEST_P(RuntimeHook, FollowsAContainerThatEndsByItself) {
  const Bundle bundle(GetParam(), {"--keep"}, {"end"});
  const auto job = bundle.id("job");
  create_and_start(bundle, job);
  EXPECT_TRUE(eventually([&] { return bundle.listed(job) == "stopped"; })) << bundle.log();
  ASSERT_EQ(bundle.runtime({"delete", job}), 0) << bundle.log();
  EXPECT_EQ(bundle.record(job)["status"], "stopped");
  EXPECT_FALSE(bundle.record(job).contains("pid"));

  create_and_start(bundle, job);
  EXPECT_EQ(bundle.record(job)["status"], "running") << "a new life of the same id";
  EXPECT_EQ(bundle.complaints(), "");
}

TEST_P(RuntimeHook, FollowsAContainerThatIsDeletedByForce) {
  const Bundle bundle(GetParam());
  const auto web = bundle.id("web");
  for (int life = 0; life < 5; ++life) {
    create_and_start(bundle, web);
    EXPECT_EQ(bundle.listed(web), "running");
    ASSERT_EQ(bundle.runtime({"delete", "--force", web}), 0) << bundle.log();
    EXPECT_TRUE(bundle.record(web).is_null());
  }
  EXPECT_EQ(bundle.complaints(), "");
}

TEST_P(RuntimeHook, KeepsTheRecordThroughAPause) {
  const Bundle bundle(GetParam());
  const auto web = bundle.id("web");
  create_and_start(bundle, web);
  if (bundle.runtime({"pause", web}) != 0) {
    GTEST_SKIP() << GetParam() << " cannot pause here: " << bundle.log();
  }
  EXPECT_EQ(bundle.listed(web), "running") << "no hook tells of a pause";
  ASSERT_EQ(bundle.runtime({"resume", web}), 0) << bundle.log();
  ASSERT_EQ(bundle.runtime({"delete", "--force", web}), 0) << bundle.log();
  EXPECT_TRUE(bundle.record(web).is_null());
}

TEST_P(RuntimeHook, ASecondCreateOfTheIdLeavesTheRecordOfTheFirst) {
  const Bundle bundle(GetParam());
  const auto web = bundle.id("web");
  create_and_start(bundle, web);
  const auto before = bundle.record(web);
  EXPECT_NE(bundle.create(web), 0);
  EXPECT_EQ(bundle.record(web), before);
  EXPECT_EQ(bundle.listed(web), "running");
}

TEST_P(RuntimeHook, ALockThatIsHeldFailsNoContainer) {
  const Bundle bundle(GetParam(), {"--timeout", "0.05"});
  const auto web = bundle.id("web");
  ASSERT_EQ(bundle.create(web), 0) << bundle.log();
  const Child holder(std::vector<std::string>{LATCHFILE_BINARY, "--root", bundle.records(), "lock",
                                              web, "--", "sleep", "600"});
  ASSERT_TRUE(eventually([&] {
    return bundle.latchfile({"locks"}).out.find(std::to_string(holder.pid())) != std::string::npos;
  }));
  EXPECT_EQ(bundle.runtime({"start", web}), 0) << bundle.log();
  EXPECT_EQ(bundle.state(web)["status"], "running");
  EXPECT_EQ(bundle.runtime({"delete", "--force", web}), 0) << bundle.log();
  EXPECT_TRUE(bundle.state(web).is_null());
  EXPECT_NE(bundle.complaints().find("held by pid " + std::to_string(holder.pid())),
            std::string::npos)
      << bundle.complaints();
  EXPECT_EQ(bundle.listed(web), "stopped")
      << "its record stays, for the next of that id to replace";
}

TEST_P(RuntimeHook, FollowsTwentyContainersAtOnce) {
  constexpr int containers = 20;
  const Bundle bundle(GetParam(), {"--timeout", "30"});
  const auto on_each = [&](const std::function<int(const std::string&)>& body) {
    std::vector<Child> children;
    for (int i = 0; i < containers; ++i) {
      children.emplace_back([&, i] { return body(bundle.id("c" + std::to_string(i))); });
    }
    for (auto& child : children)
      EXPECT_EQ(child.wait(), 0) << bundle.log();
  };
  on_each([&](const std::string& id) {
    const auto failed = bundle.create(id);
    return failed != 0 ? failed : bundle.runtime({"start", id});
  });
  for (int i = 0; i < containers; ++i) {
    const auto id = bundle.id("c" + std::to_string(i));
    ASSERT_EQ(bundle.listed(id), "running");
    expect_same_process(bundle, id);
  }
  on_each([&](const std::string& id) { return bundle.runtime({"delete", "--force", id}); });
  EXPECT_TRUE(names_in(bundle.records()).empty());
  EXPECT_EQ(bundle.complaints(), "");
}

INSTANTIATE_TEST_SUITE_P(Of, RuntimeHook, testing::Values("runc", "crun"),
                         [](const auto& runtime) { return runtime.param; });

}  // namespace
}  // namespace latchfile::test
