// SPDX-License-Identifier: Apache-2.0
//
// latchfile lock: runs a command under the lock and ends as the command does.
#include "cli/cli.hpp"

#include <csignal>

#include "cli/terminal.hpp"

namespace latchfile::test {
namespace {

class LockCommand : public Cli {
 protected:
  void SetUp() override { create("web", "{\"a\":1}"); }
};

TEST_F(LockCommand, EndsAsTheCommandDoes) {
  for (const int code : {0, 1, 5, 127, 255}) {
    EXPECT_THAT(latchfile({"lock", "web", "--", "sh", "-c", "exit " + std::to_string(code)}),
                ends(code, "", ""));
  }
  EXPECT_THAT(latchfile({"lock", "web", "--", "sh", "-c", "kill -KILL $$"}),
              ends(128 + SIGKILL, "", ""));
  EXPECT_THAT(latchfile({"lock", "web", "--", "sh", "-c", "kill -TERM $$"}),
              ends(128 + SIGTERM, "", ""));
}

TEST_F(LockCommand, LeavesTheStreamsToTheCommand) {
  EXPECT_THAT(latchfile({"lock", "web", "--", "sh", "-c", "cat; echo done >&2"}, "text"),
              ends(0, "text", "done\n"));
}

TEST_F(LockCommand, GivesTheCommandItsArgumentsAsTheyAre) {
  const auto show = "for a; do printf '<%s>' \"$a\"; done";
  EXPECT_THAT(latchfile({"lock", "web", "--", "sh", "-c", show, "sh", "", "--", "--root", "-h",
                         "x,y", "{}", "%%", "a b\n"}),
              prints("<><--><--root><-h><x,y><{}><%%><a b\n>"));
  EXPECT_THAT(latchfile({"lock", "web", "--", "sh", "-c", show, "sh", "[a,b]", "[]", "[ -f x ]"}),
              prints("<[a,b]><[]><[ -f x ]>"));
  EXPECT_THAT(latchfile({"lock", "web", "--", "echo", "[a,b]"}), prints("[a,b]\n"));
}

TEST_F(LockCommand, TakesOptionsOnBothSidesOfTheId) {
  EXPECT_THAT(latchfile({"lock", "--timeout", "5", "web", "--", "true"}), succeeds());
  EXPECT_THAT(latchfile({"lock", "web", "--timeout=5", "--", "true"}), succeeds());
  EXPECT_THAT(latchfile({"lock", "--nonblock", "w", "--", "true"}), succeeds());
}

TEST_F(LockCommand, SaysThatThereIsNoSuchCommand) {
  EXPECT_THAT(
      latchfile({"lock", "web", "--", "latchfile-no-such-command"}),
      ends(127, "", one_line("run 'latchfile-no-such-command': No such file or directory")));
  EXPECT_THAT(latchfile({"lock", "web", "--", ""}), ends(127, "", one_line("run ''")));
  EXPECT_THAT(latchfile({"lock", "web", "--", "{}"}), ends(127, "", one_line("run '{}'")));
}

TEST_F(LockCommand, SaysWhyACommandCannotRun) {
  EXPECT_THAT(latchfile({"lock", "web", "--", dir.path()}),
              ends(126, "", one_line("Permission denied")));
  write_text(dir / "text", "echo hello\n");
  EXPECT_THAT(latchfile({"lock", "web", "--", dir / "text"}),
              ends(126, "", one_line("Permission denied")));
}

TEST_F(LockCommand, RunsNothingForAContainerThatIsNotThere) {
  EXPECT_THAT(latchfile({"lock", "db", "--", "touch", dir / "ran"}),
              fails(3, "latchfile lock: no container in " + root +
                           " is named or begins with 'db'; see 'latchfile list'"));
  create("worker", "{}");
  EXPECT_THAT(latchfile({"lock", "w", "--", "touch", dir / "ran"}),
              fails(2, "latchfile lock: 'w' may mean 2 containers: web, worker"));
  write_text(path_of("worker.state"), "{");
  EXPECT_THAT(latchfile({"lock", "worker", "--", "touch", dir / "ran"}),
              fails_saying(7, "is corrupt"));
  EXPECT_FALSE(std::filesystem::exists(dir / "ran"));
}

TEST_F(LockCommand, WantsACommandAndOneWayToWait) {
  EXPECT_THAT(latchfile({"lock", "web"}), fails_saying(2, "with -- CMD"));
  EXPECT_THAT(latchfile({"lock", "web", "--"}), fails_saying(2, "with -- CMD"));
  EXPECT_THAT(latchfile({"lock", "web", "--timeout", "1", "--nonblock", "--", "true"}),
              fails_saying(2, "--timeout excludes --nonblock"));
  for (const std::string seconds : {"-1", "nan", "inf", "1e999", "", " 1", "1s", "0x"}) {
    EXPECT_THAT(latchfile({"lock", "web", "--timeout", seconds, "--", "true"}),
                fails_saying(2, "--timeout: '" + seconds + "' is not a number of seconds"));
  }
  EXPECT_THAT(latchfile({"lock", "web", "--timeout", "1e300", "--", "true"}), succeeds());
}

TEST_F(LockCommand, WaitsForAnotherHolderNoLongerThanAsked) {
  const Holder holder(dir, root, "web");
  const auto who = " held by pid " + std::to_string(holder.pid()) +
                   " (" LATCHFILE_BINARY " --root " + root + " lock web -- sh ";
  EXPECT_THAT(latchfile({"lock", "web", "--nonblock", "--", "touch", dir / "ran"}),
              fails_saying(5, "latchfile lock: lock web: " + path_of("web.lock") + " is" + who));
  EXPECT_THAT(latchfile({"lock", "web", "--timeout", "0", "--", "touch", dir / "ran"}),
              fails_saying(5, path_of("web.lock") + " is" + who));
  EXPECT_THAT(latchfile({"lock", "web", "--timeout", "0.05", "--", "touch", dir / "ran"}),
              fails_saying(5, path_of("web.lock") + " is still" + who));
  EXPECT_FALSE(std::filesystem::exists(dir / "ran"));
}

TEST_F(LockCommand, RunsWhenTheOtherHolderIsDone) {
  Holder holder(dir, root, "web");
  Child next(std::vector<std::string>{
      LATCHFILE_BINARY, "--root", root, "lock", "web", "--", "sh", "-c",
      "kill -0 " + std::to_string(holder.command_pid()) + " 2>/dev/null && exit 9; exit 8"});
  ASSERT_TRUE(eventually([&] { return is_sleeping(next.pid()); }));
  holder.signal(SIGTERM);
  holder.wait();
  EXPECT_EQ(next.wait(), 8) << "9: it ran while the other command did";
}

TEST_F(LockCommand, ExcludesTheOtherCommandsOnTheSameContainer) {
  EXPECT_THAT(shell("latchfile lock web -- sh -c 'latchfile save web --nonblock'", "{\"a\":2}"),
              fails_saying(5, "is held by pid "));
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":1}"));
  EXPECT_THAT(shell("latchfile lock web -- latchfile state web"), prints("{\"a\":1}"));
}

TEST_F(LockCommand, ReleasesTheLockHoweverTheCommandEnds) {
  for (const std::string command : {"exit 0", "exit 1", "kill -KILL $$"}) {
    static_cast<void>(latchfile({"lock", "web", "--", "sh", "-c", command}));
    EXPECT_TRUE(is_free(path_of("web.lock"))) << command;
  }
}

TEST_F(LockCommand, LeavesTheKeysOfTheTerminalToTheCommand) {
  OnTerminal terminal({LATCHFILE_BINARY, "--root", root, "lock", "web", "--", "sh", "-c",
                       "trap 'echo caught; exit 3' INT; echo ready; while :; do :; done"});
  ASSERT_TRUE(terminal.shows("ready\n"));
  terminal.type("\x03");
  const auto outcome = terminal.end();
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.out, "ready\ncaught\n");
}

TEST_F(LockCommand, IsNotEndedByAKeyThatEndedTheCommandBeforeItLooked) {
  const auto pid_file = dir / "pid";
  OnTerminal terminal({LATCHFILE_BINARY, "--root", root, "lock", "web", "--", "sh", "-c",
                       "trap 'echo first' INT; trap 'exit 3' QUIT; echo $$ > " + pid_file +
                           "; echo ready; while :; do :; done"});
  ASSERT_TRUE(terminal.shows("ready\n"));
  const auto command = pid_in(pid_file);
  ASSERT_EQ(kill(terminal.pid(), SIGSTOP), 0);
  terminal.type("\x03");
  ASSERT_TRUE(terminal.shows("first\n"));
  terminal.type("\x1c");
  ASSERT_TRUE(eventually([&] { return has_ended(command); }));
  ASSERT_EQ(kill(terminal.pid(), SIGCONT), 0);
  EXPECT_EQ(terminal.end().exit_code, 3);
}

}  // namespace
}  // namespace latchfile::test
