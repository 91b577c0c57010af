// SPDX-License-Identifier: Apache-2.0
//
// latchfile locks: who holds what, found out without taking a lock.
#include <csignal>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;
using testing::StartsWith;

using Locks = Cli;

TEST_F(Locks, OfNobodyAreNone) {
  EXPECT_THAT(latchfile({"locks"}), prints("ID   PID   COMMAND\n"));
  EXPECT_THAT(latchfile({"locks", "-f", "json"}), prints("[]\n"));
  EXPECT_FALSE(std::filesystem::exists(root));
  create("web", "{}");
  EXPECT_THAT(latchfile({"locks"}), prints("ID   PID   COMMAND\n"));
}

TEST_F(Locks, NameTheIdThePidAndTheCommand) {
  create("pod1/web", "{}");
  create("web", "{}");
  Holder holder(dir, root, "pod1/web");
  const auto pid = std::to_string(holder.pid());
  const auto command = std::string(LATCHFILE_BINARY) + " --root " + root + " lock pod1/web -- sh ";

  const auto gap = std::string(pid.size(), ' ');
  EXPECT_THAT(
      latchfile({"locks"}),
      prints(StartsWith("ID         PID" + gap + "COMMAND\npod1/web   " + pid + "   " + command)));
  const auto listed = json::parse(latchfile({"locks", "--format", "json"}).out);
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["id"], "pod1/web");
  EXPECT_EQ(listed[0]["pid"], holder.pid());
  EXPECT_THAT(listed[0]["command"].get<std::string>(), StartsWith(command));

  holder.signal(SIGTERM);
  EXPECT_EQ(holder.wait(), 128 + SIGTERM);
  EXPECT_THAT(latchfile({"locks", "-f", "json"}), prints("[]\n"));
}

TEST_F(Locks, AreOfThisRootOnly) {
  create("web", "{}");
  const Holder holder(dir, root, "web");
  EXPECT_THAT(latchfile({"--root", dir / "other", "create", "web"}, "{}"), succeeds());
  EXPECT_THAT(latchfile({"--root", dir / "other", "locks", "-f", "json"}), prints("[]\n"));
}

}  // namespace
}  // namespace latchfile::test
