// SPDX-License-Identifier: Apache-2.0
//
// Standard streams that are closed, full or broken: no failure goes unnoticed, and no file of the
// root ever becomes one of them.
#include <array>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include "cli/cli.hpp"
#include "support/sanitizer.hpp"

namespace latchfile::test {
namespace {

using testing::ElementsAre;

class Streams : public Cli {
 protected:
  void SetUp() override { create("web", "{\"a\":1}"); }

  void expect_untouched() const {
    EXPECT_EQ(read_text(path_of("web.state")), "{\"a\":1}");
    EXPECT_EQ(read_text(path_of("web.lock")), "");
    EXPECT_THAT(names_in(root), ElementsAre("web.lock", "web.state"));
  }
};

TEST_F(Streams, InEveryCombinationOfClosedOnesKeepFilesOutOfThem) {
  write_text(dir / "new.json", "{\"a\":2}");
  for (const std::string closed :
       {"<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"}) {
    SCOPED_TRACE(closed);
    EXPECT_THAT(shell("latchfile create db new.json " + closed), succeeds());
    EXPECT_THAT(shell("latchfile save db new.json " + closed), succeeds());
    EXPECT_THAT(shell("latchfile update db --merge '{\"b\":3}' " + closed), succeeds());
    EXPECT_EQ(read_text(path_of("db.state")), "{\"a\":2,\"b\":3}");
    EXPECT_THAT(shell("latchfile update db -- sed s/3/4/ " + closed), succeeds());
    EXPECT_EQ(read_text(path_of("db.state")), "{\"a\":2,\"b\":4}");
    // What a command writes to a stream that is closed must not end up in the lock file.
    static_cast<void>(shell("latchfile lock db -- sh -c 'echo x; echo y >&2' " + closed));
    EXPECT_EQ(read_text(path_of("db.lock")), "");
    static_cast<void>(shell("latchfile list " + closed + "; latchfile locks " + closed +
                            "; latchfile state db " + closed));
    EXPECT_THAT(shell("latchfile delete db " + closed), succeeds());
    expect_untouched();
  }
}

TEST_F(Streams, ThatAreClosedAreClosedToTheCommandOfALock) {
  EXPECT_THAT(
      shell("latchfile lock web -- sh -c 'test ! -e /proc/$$/fd/0 && test -e /proc/$$/fd/1' "
            "<&-"),
      succeeds());
  EXPECT_THAT(
      shell("latchfile lock web -- sh -c 'test ! -e /proc/$$/fd/1 && test -e /proc/$$/fd/0' "
            ">&-"),
      succeeds());
}

TEST_F(Streams, InputThatIsClosedIsAnError) {
  const auto line = "read standard input: Bad file descriptor; open the stream: it is closed";
  EXPECT_THAT(shell("latchfile create db <&-"), fails_saying(1, line));
  EXPECT_THAT(shell("latchfile save web <&-"), fails_saying(1, line));
  expect_untouched();
}

TEST_F(Streams, OutputThatIsClosedIsAnError) {
  const auto line = "write to standard output: Bad file descriptor; open the stream: it is closed";
  for (const std::string command :
       {"state web", "state web --print-version", "list", "list -q", "list -f json", "locks",
        "--help", "--version", "list --help"}) {
    EXPECT_THAT(shell("latchfile " + command + " >&-"), fails_saying(1, line)) << command;
    EXPECT_THAT(shell("latchfile " + command + " >&- 2>&-"), ends(1, "", "")) << command;
  }
}

TEST_F(Streams, OutputThatIsFullIsAnError) {
  const auto line = "write to standard output: No space left on device";
  for (const std::string command :
       {"state web", "list", "list -q", "list -f json", "locks", "--help", "--version"}) {
    EXPECT_THAT(shell("latchfile " + command + " >/dev/full"), fails_saying(1, line)) << command;
  }
  ASSERT_THAT(latchfile({"create", "large"}, "{\"a\":\"" + std::string(1 << 20, 'x') + "\"}"),
              succeeds());
  EXPECT_THAT(shell("latchfile state large >/dev/full"), fails_saying(1, line));
}

TEST_F(Streams, ErrorsThatNobodyCanReadKeepTheirExitCode) {
  for (const std::string nowhere : {"2>&-", "2>/dev/full"}) {
    EXPECT_THAT(shell("latchfile state db " + nowhere), ends(3, "", ""));
    EXPECT_THAT(shell("echo '{}' | latchfile create web " + nowhere), ends(4, "", ""));
    EXPECT_THAT(shell("latchfile frobnicate " + nowhere), ends(2, "", ""));
    EXPECT_THAT(shell("latchfile lock web " + nowhere + " -- sh -c 'exit 9'"), ends(9, "", ""));
  }
}

TEST_F(Streams, OutputThatNobodyReadsEndsTheCommandQuietly) {
  for (const std::string command : {"state", "list"}) {
    Child child([&] {
      std::array<int, 2> ends{};
      if (pipe2(ends.data(), O_CLOEXEC) != 0) return 1;
      close(ends[0]);
      dup2(ends[1], STDOUT_FILENO);
      dup2(open((dir / "err").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
           STDERR_FILENO);
      std::signal(SIGPIPE, SIG_DFL);
      if (command == "state") {
        execl(LATCHFILE_BINARY, "latchfile", "--root", root.c_str(), "state", "web", nullptr);
      }
      execl(LATCHFILE_BINARY, "latchfile", "--root", root.c_str(), "list", nullptr);
      return 1;
    });
    EXPECT_EQ(child.wait(), 128 + SIGPIPE);
    EXPECT_EQ(read_text(dir / "err"), "");
  }
  EXPECT_THAT(shell("latchfile list | true"), succeeds());
}

TEST_F(Streams, OfAFilterAreNotOurs) {
  EXPECT_THAT(
      shell("latchfile update web -- sh -c 'cat >/dev/null; echo \"{}\"'", "not the document"),
      succeeds());
  EXPECT_THAT(latchfile({"state", "web"}), prints("{}\n"));
}

TEST_F(Streams, ThatRunOutOfDescriptorsAreAClearError) {
  if (under_address_sanitizer) {
    GTEST_SKIP() << "UBSan opens a pipe to look at an object's type, and takes none for a fault";
  }
  int failures = 0;
  for (int limit = 4; limit <= 16; ++limit) {
    const auto limited = "ulimit -n " + std::to_string(limit) + " && latchfile ";
    // Too few for the dynamic linker to start any program at all.
    if (shell(limited + "--version").exit_code != 0) continue;
    for (const std::string command :
         {"list", "state web", "save web new.json", "lock web -- true", "update web -- cat"}) {
      SCOPED_TRACE(command + " with " + std::to_string(limit));
      write_text(dir / "new.json", "{\"a\":1}");
      const auto outcome = shell(limited + command);
      if (outcome.exit_code == 0) continue;
      ++failures;
      EXPECT_THAT(outcome.err, one_line("Too many open files; raise the limit of open files"));
      expect_untouched();
    }
  }
  EXPECT_GT(failures, 0);
}

}  // namespace
}  // namespace latchfile::test
