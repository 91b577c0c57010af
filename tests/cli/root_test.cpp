// SPDX-License-Identifier: Apache-2.0
//
// Which root a command works on, and what it says of one that it cannot use.
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

using Root = Cli;

mode_t mode_of(const std::string& path) {
  struct stat found{};
  return stat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0U;
}

TEST_F(Root, ThatIsAbsentIsMadeByTheFirstWriteOnly) {
  for (const std::string command :
       {"list", "list -q", "list -f json", "locks", "delete web --force", "state web", "save web",
        "update web --merge '{}'", "lock web -- true", "delete web"}) {
    static_cast<void>(shell("echo '{}' | latchfile " + command));
    EXPECT_FALSE(fs::exists(root)) << command;
  }
  EXPECT_THAT(shell("umask 022; echo '{}' | latchfile create web"), succeeds());
  EXPECT_EQ(mode_of(root), 0711U);
  EXPECT_EQ(mode_of(path_of("web.state")), 0640U);
  EXPECT_EQ(mode_of(path_of("web.lock")), 0600U);
}

TEST_F(Root, IsMadeWithWhatIsMissingAboveIt) {
  const auto deep = dir / "a/b/c/";
  EXPECT_THAT(latchfile({"--root", deep, "create", "web"}, "{}"), succeeds());
  EXPECT_TRUE(fs::exists(dir / "a/b/c/web.state"));
}

TEST_F(Root, MayBeNamedOnBothSidesOfTheCommand) {
  const auto other = dir / "other";
  EXPECT_THAT(latchfile({"--root", other, "create", "web"}, "{\"a\":1}"), succeeds());
  EXPECT_THAT(latchfile({"state", "--root", other, "web"}), prints("{\"a\":1}"));
  EXPECT_THAT(latchfile({"state", "web", "--root=" + other}), prints("{\"a\":1}"));
  EXPECT_FALSE(fs::exists(root)) << "--root comes before $LATCHFILE_ROOT";
}

TEST_F(Root, MayBeRelative) {
  EXPECT_THAT(shell("echo '{}' | latchfile --root here create web"), succeeds());
  EXPECT_TRUE(fs::exists(dir / "here/web.state"));
  EXPECT_THAT(shell("cd here && latchfile --root . state web"), prints("{}\n"));
  EXPECT_THAT(shell("LATCHFILE_ROOT=here latchfile state web"), prints("{}\n"));
}

TEST_F(Root, MayBeReachedThroughALink) {
  create("web", "{}");
  fs::create_directory_symlink(root, dir / "link");
  EXPECT_THAT(latchfile({"--root", dir / "link", "save", "web"}, "{\"a\":1}"), succeeds());
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":1}"));
}

TEST_F(Root, ThatIsEmptyIsNotTakenForTheDefault) {
  create("web", "{}");
  EXPECT_THAT(latchfile({"--root", "", "list"}), fails_saying(2, "root"));
  EXPECT_THAT(latchfile({"delete", "web", "--root", ""}), fails_saying(2, "root"));
  EXPECT_THAT(latchfile({"state", "web"}), prints("{}"));
}

TEST_F(Root, ThatIsAFileIsAnError) {
  write_text(root, "text");
  for (const std::string command : {"list", "list -q", "list -f json", "locks", "state web",
                                    "delete web --force", "create web", "lock web -- true"}) {
    EXPECT_THAT(shell("echo '{}' | latchfile " + command),
                fails_saying(1, "open root " + root +
                                    ": Not a directory; choose a directory with "
                                    "--root"))
        << command;
  }
  EXPECT_THAT(latchfile({"--root", root + "/below", "create", "web"}, "{}"),
              fails_saying(1, "Not a directory"));
  EXPECT_EQ(read_text(root), "text");
}

TEST_F(Root, ThatIsNoDirectoryAtAllIsAnError) {
  EXPECT_THAT(latchfile({"--root", "consul://127.0.0.1:8500/x", "list"}),
              fails_saying(1, "root 'consul:"));
}

TEST_F(Root, ThatStrangersMayWriteIsRefused) {
  create("web", "{\"a\":1}");
  for (const mode_t mode : {0777U, 0770U, 0733U, 0720U}) {
    SCOPED_TRACE(mode);
    ASSERT_EQ(chmod(root.c_str(), mode), 0);
    for (const std::string command : {"list", "locks", "state web", "save web", "create db",
                                      "delete web", "lock web -- true"}) {
      EXPECT_THAT(shell("echo '{}' | latchfile " + command),
                  fails_saying(1, "root " + root + " may be written by its group or by everyone"))
          << command;
    }
    EXPECT_THAT(latchfile({"--allow-insecure-root", "state", "web"}), prints("{\"a\":1}"));
    EXPECT_THAT(latchfile({"save", "web", "--allow-insecure-root"}, "{\"a\":1}"), succeeds());
  }
}

TEST_F(Root, ThatStrangersMayWriteIsFineIfItIsSticky) {
  create("web", "{\"a\":1}");
  ASSERT_EQ(chmod(root.c_str(), 01777), 0);
  EXPECT_THAT(latchfile({"save", "web"}, "{\"a\":2}"), succeeds());
  EXPECT_THAT(latchfile({"create", "db"}, "{}"), succeeds());
  EXPECT_THAT(latchfile({"list", "-q"}), prints("db\nweb\n"));
}

TEST_F(Root, ThatIsRelativeNeedsAWorkingDirectory) {
  EXPECT_THAT(shell("mkdir gone && cd gone && rmdir ../gone && latchfile --root state list"),
              fails_saying(1, "find the working directory for root state"));
}

TEST_F(Root, WithoutPowerCutSafetyIsUsedTheSameWay) {
  EXPECT_THAT(latchfile({"--unsafe-on-power-cut", "create", "web"}, "{\"a\":1}"), succeeds());
  EXPECT_THAT(latchfile({"save", "web", "--unsafe-on-power-cut"}, "{\"a\":2}"), succeeds());
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":2}"));
  EXPECT_THAT(latchfile({"--unsafe-on-power-cut", "delete", "web"}), succeeds());
}

}  // namespace
}  // namespace latchfile::test
