// SPDX-License-Identifier: Apache-2.0
//
// Help, version, and command lines that cannot be understood.
#include <sstream>

#include "cli/cli.hpp"
#include "latchfile/version.hpp"

namespace latchfile::test {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

using Help = Cli;
using Usage = Cli;

const std::vector<std::string> commands = {"create", "state", "save",  "update", "list",
                                           "delete", "lock",  "locks", "watch",  "wait",
                                           "check",  "hook",  "mirror"};

TEST_F(Help, NamesEveryCommandOptionAndExitCode) {
  const auto help = latchfile({"--help"});
  EXPECT_EQ(latchfile({"-h"}).out, help.out);
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_EQ(help.err, "");
  for (const auto& command : commands) {
    EXPECT_THAT(help.out, ContainsRegex("\n  " + command + "  +[A-Z][a-z]+[ ,]")) << command;
  }
  for (const std::string option :
       {"--root ROOT", "--allow-insecure-root", "--keep-lock-files", "--cacert FILE", "--cert FILE",
        "--key FILE", "--user NAME", "--password-file FILE", "--insecure-transport",
        "--unsafe-on-power-cut", "--version", "-h,--help"}) {
    EXPECT_THAT(help.out, ContainsRegex("\n  " + option + "  +[A-Z]")) << option;
  }
  for (const std::string text : {"0 done", "1 any other", "2 usage", "3 not found",
                                 "4 already exists", "5 locked", "6 version mismatch", "7 corrupt",
                                 "$LATCHFILE_ROOT", "/run/latchfile", "$XDG_RUNTIME_DIR"}) {
    EXPECT_THAT(help.out, HasSubstr(text));
  }
}

TEST_F(Help, OfEachCommandHasAnExampleAndExplainsItsOptions) {
  for (const auto& command : commands) {
    SCOPED_TRACE(command);
    const auto help = latchfile({command, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, AllOf(HasSubstr("\nExample:\n  latchfile " + command),
                                HasSubstr("Usage: latchfile " + command)));
    EXPECT_EQ(latchfile({command, "-h"}).out, help.out);
    std::istringstream lines(help.out);
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("  -")) continue;
      EXPECT_THAT(line, ContainsRegex("^  -[-a-z,]+( [A-Z=]+)?  +[A-Za-z]")) << "is not explained";
    }
  }
}

TEST_F(Help, OfEachCommandNamesWhatItTakes) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> expected = {
      {"create", {"ID", "FILE", "--timeout SECONDS", "--nonblock"}},
      {"state", {"ID", "--print-version"}},
      {"save", {"ID", "FILE", "--if-match VERSION", "--timeout SECONDS", "--nonblock"}},
      {"update", {"ID", "CMD", "--merge JSON", "--patch JSON", "--timeout SECONDS", "--nonblock"}},
      {"list",
       {"-q,--quiet", "-f,--format FORMAT", "--filter FIELD=VALUE", "--sort FIELD", "--sandbox SID",
        "--all-hosts"}},
      {"delete", {"ID", "--force", "--if-match VERSION", "--timeout SECONDS", "--nonblock"}},
      {"lock", {"ID", "CMD", "--timeout SECONDS", "--nonblock"}},
      {"locks", {"-f,--format FORMAT"}},
      {"watch", {"ID", "-f,--format FORMAT"}},
      {"wait", {"ID", "--for EXPR", "--timeout SECONDS"}},
      {"check", {"--repair", "--timeout SECONDS", "-f,--format FORMAT"}},
      {"mirror", {"--to URL", "--host NAME", "--ttl SECONDS"}},
      {"hook",
       {"STAGE", "--keep", "--timeout SECONDS", "--log FILE", "--strict", "--print-config"}}};
  for (const auto& [command, names] : expected) {
    const auto help = latchfile({command, "--help"}).out;
    for (const auto& name : names)
      EXPECT_THAT(help, HasSubstr("\n  " + name + " ")) << command;
  }
}

TEST_F(Help, NeedsNoRoot) {
  EXPECT_THAT(shell("unset LATCHFILE_ROOT; latchfile --root /dev/null/x list --help"),
              prints(HasSubstr("Usage: latchfile list")));
}

TEST_F(Help, TellsTheVersion) {
  EXPECT_THAT(latchfile({"--version"}), prints("latchfile " LATCHFILE_VERSION "\n"));
}

TEST_F(Usage, OfNothingAtAll) {
  EXPECT_THAT(latchfile({}), fails(2, "latchfile: no command given; see 'latchfile --help'"));
  EXPECT_THAT(latchfile({"--root", root}), fails_saying(2, "no command given"));
}

TEST_F(Usage, OfWhatIsUnknown) {
  EXPECT_THAT(latchfile({"frobnicate"}),
              fails(2,
                    "latchfile: The following argument was not expected: frobnicate; see "
                    "'latchfile --help'"));
  EXPECT_THAT(latchfile({"--frobnicate"}), fails_saying(2, "--frobnicate"));
  for (const auto& command : commands) {
    EXPECT_THAT(latchfile({command, "--frobnicate"}),
                fails(2, "latchfile " + command +
                             ": The following argument was not expected: --frobnicate; see "
                             "'latchfile " +
                             command + " --help'"))
        << command;
  }
}

TEST_F(Usage, OfAMissingId) {
  for (const std::string command : {"create", "state", "save", "update", "delete", "lock"}) {
    EXPECT_THAT(latchfile({command}),
                fails(2, "latchfile " + command + ": ID is required; see 'latchfile " + command +
                             " --help'"));
  }
}

TEST_F(Usage, OfWhatIsMissingBehindTwoDashes) {
  EXPECT_THAT(latchfile({"delete", "--"}), fails_saying(2, "ID is required"));
  EXPECT_THAT(latchfile({"wait", "--", "web"}), fails_saying(2, "--for is required"));
}

TEST_F(Usage, OfAMissingValue) {
  for (const auto& [command, option] :
       std::vector<std::pair<std::string, std::string>>{{"create", "--timeout"},
                                                        {"save", "--if-match"},
                                                        {"update", "--merge"},
                                                        {"update", "--patch"},
                                                        {"list", "--format"},
                                                        {"list", "--sandbox"},
                                                        {"list", "--filter"},
                                                        {"list", "--sort"},
                                                        {"delete", "--timeout"},
                                                        {"locks", "--format"},
                                                        {"state", "--root"}}) {
    EXPECT_THAT(latchfile({command, "web", option}), fails_saying(2, option)) << command;
  }
}

TEST_F(Usage, OfTooMany) {
  EXPECT_THAT(latchfile({"state", "web", "db"}), fails_saying(2, "not expected: db"));
  EXPECT_THAT(latchfile({"delete", "web", "db"}), fails_saying(2, "not expected: db"));
  EXPECT_THAT(latchfile({"create", "web", "-", "x"}, "{}"), fails_saying(2, "not expected: x"));
  EXPECT_THAT(latchfile({"locks", "web"}), fails_saying(2, "not expected: web"));
  EXPECT_THAT(latchfile({"state", "web", "--if-match", "x"}), fails_saying(2, "--if-match"));
  EXPECT_FALSE(std::filesystem::exists(root));
}

// Whatever the user or a script put into an argument, an error is one line and leaves a
// terminal alone.
TEST_F(Usage, OfArgumentsWithControlCharacters) {
  EXPECT_THAT(latchfile({"state", "web", "a\nb"}), fails_saying(2, "not expected"));
  EXPECT_THAT(latchfile({"list", "-f", "a\nb"}), fails_saying(2, "format 'a\\x0ab'"));
  EXPECT_THAT(latchfile({"lock", "web", "--timeout", "\x1b[31m", "--", "true"}),
              fails_saying(2, "--timeout"));
  EXPECT_THAT(latchfile({"--root", "/dev/null/\x1b[31m\r", "list"}),
              fails_saying(1, "open root /dev/null/"));
  EXPECT_THAT(latchfile({"create", "web", dir / "a\n\x1b[31m"}),
              fails_saying(1, "No such file or directory"));
}

}  // namespace
}  // namespace latchfile::test
