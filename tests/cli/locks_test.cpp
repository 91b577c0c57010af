// SPDX-License-Identifier: Apache-2.0
//
// latchfile locks: who holds what, found out without taking a lock.
#include <csignal>
#include <map>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

using Locks = Cli;

TEST_F(Locks, OfNobodyAreNone) {
  EXPECT_THAT(latchfile({"locks"}), prints("ID   PID   DOES   COMMAND\n"));
  EXPECT_THAT(latchfile({"locks", "-f", "json"}), prints("[]\n"));
  EXPECT_FALSE(std::filesystem::exists(root));
  create("web", "{}");
  EXPECT_THAT(latchfile({"locks"}), prints("ID   PID   DOES   COMMAND\n"));
}

TEST_F(Locks, NameTheIdThePidAndTheCommand) {
  create("pod1/web", "{}");
  create("web", "{}");
  Holder holder(dir, root, "pod1/web");
  const auto pid = std::to_string(holder.pid());
  const auto command = std::string(LATCHFILE_BINARY) + " --root " + root + " lock pod1/web -- sh ";

  const auto gap = std::string(pid.size(), ' ');
  EXPECT_THAT(latchfile({"locks"}),
              prints(StartsWith("ID         PID" + gap + "DOES    COMMAND\npod1/web   " + pid +
                                "   holds   " + command)));
  const auto listed = json::parse(latchfile({"locks", "--format", "json"}).out);
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0]["id"], "pod1/web");
  EXPECT_EQ(listed[0]["pid"], holder.pid());
  EXPECT_THAT(listed[0]["command"].get<std::string>(), StartsWith(command));
  EXPECT_EQ(listed[0]["waiters"], json::array());

  holder.signal(SIGTERM);
  EXPECT_EQ(holder.wait(), 128 + SIGTERM);
  EXPECT_THAT(latchfile({"locks", "-f", "json"}), prints("[]\n"));
}

TEST_F(Locks, NameWhoWaits) {
  create("web", "{}");
  const Holder holder(dir, root, "web");
  const auto delete_command = [&](const std::string& timeout) {
    return std::vector<std::string>{LATCHFILE_BINARY, "--root", root, "delete", "web",
                                    "--timeout",      timeout};
  };
  const Child first(delete_command("1000"));
  const Child second(delete_command("2000"));

  json listed;
  ASSERT_TRUE(eventually([&] {
    listed = json::parse(latchfile({"locks", "-f", "json"}).out);
    return listed.size() == 1 && listed[0]["waiters"].size() == 2;
  }));
  EXPECT_EQ(listed[0]["pid"], holder.pid());
  std::map<pid_t, std::string> commands;
  for (const auto& waiter : listed[0]["waiters"])
    commands[waiter["pid"].get<pid_t>()] = waiter["command"].get<std::string>();
  const auto line = std::string(LATCHFILE_BINARY) + " --root " + root + " delete web --timeout ";
  EXPECT_EQ(commands, (std::map<pid_t, std::string>{{first.pid(), line + "1000"},
                                                    {second.pid(), line + "2000"}}));

  EXPECT_THAT(
      latchfile({"locks"}),
      prints(ContainsRegex("\nweb   " + std::to_string(holder.pid()) +
                           " +holds   [^\n]*"
                           "\nweb   [0-9]+ +waits   [^\n]*delete web --timeout [12]000"
                           "\nweb   [0-9]+ +waits   [^\n]*delete web --timeout [12]000\n$")));
}

/// The process that took the lock is gone, and what it started goes on holding it.
TEST_F(Locks, OfAProcessThatIsGoneSayWhoHasThem) {
  create("web", "{}");
  const auto lock_file = path_of("web.lock");
  // The outer shell takes the lock and ends; what it started keeps the descriptor.
  const auto taken = shell("exec 9>>" + lock_file +
                           "; flock 9; mkfifo never; (exec 3<>never; read line <&3) "
                           ">/dev/null 2>&1 & echo $! >keeper");
  ASSERT_EQ(taken.exit_code, 0) << taken.err;
  EXPECT_THAT(latchfile({"locks"}),
              prints(HasSubstr("   holds   (is gone but left the lock to a child)\n")));
  EXPECT_THAT(latchfile({"delete", "web", "--nonblock"}),
              fails_saying(5, ", which is gone but left the lock to a child"));
  kill(pid_in(dir / "keeper"), SIGKILL);
  EXPECT_TRUE(eventually([&] { return is_free(lock_file); }));
}

TEST_F(Locks, AreOfThisRootOnly) {
  create("web", "{}");
  const Holder holder(dir, root, "web");
  EXPECT_THAT(latchfile({"--root", dir / "other", "create", "web"}, "{}"), succeeds());
  EXPECT_THAT(latchfile({"--root", dir / "other", "locks", "-f", "json"}), prints("[]\n"));
}

}  // namespace
}  // namespace latchfile::test
