// SPDX-License-Identifier: Apache-2.0
//
// latchfile save: replaces the document of a container that exists, by its full name.
#include "cli/cli.hpp"

#include <sys/stat.h>

namespace latchfile::test {
namespace {

using testing::ElementsAre;

using Save = Cli;

TEST_F(Save, ReplacesTheDocument) {
  create("pod1/web", "{\"a\":1}");
  EXPECT_THAT(latchfile({"save", "pod1/web"}, "{\"a\":2}"), succeeds());
  EXPECT_THAT(latchfile({"state", "pod1/web"}), prints("{\"a\":2}"));
  write_text(dir / "new.json", "{\"a\":3}\n");
  EXPECT_THAT(latchfile({"save", "pod1/web", dir / "new.json"}), succeeds());
  EXPECT_THAT(latchfile({"state", "pod1/web"}), prints("{\"a\":3}\n"));
  EXPECT_THAT(names_in(root), ElementsAre("web_sandbox:pod1.lock", "web_sandbox:pod1.state"));
}

TEST_F(Save, KeepsTheModeOfTheFile) {
  create("web", "{}");
  ASSERT_EQ(chmod(path_of("web.state").c_str(), 0604), 0);
  ASSERT_THAT(latchfile({"save", "web"}, "{\"a\":2}"), succeeds());
  struct stat now{};
  ASSERT_EQ(stat(path_of("web.state").c_str(), &now), 0);
  EXPECT_EQ(now.st_mode & 07777U, 0604U);
}

TEST_F(Save, DoesNotGuessWhichContainerIsMeant) {
  create("webserver", "{\"a\":1}");
  create("pod1/db", "{}");
  for (const std::string beginning : {"web", "db"}) {
    EXPECT_THAT(latchfile({"save", beginning}, "{}"),
                fails(3, "latchfile save: lock " + beginning + ": no such container in " + root +
                             "; see 'latchfile list'"));
  }
  EXPECT_THAT(latchfile({"state", "webserver"}), prints("{\"a\":1}"));
  EXPECT_THAT(names_in(root), ElementsAre("db_sandbox:pod1.lock", "db_sandbox:pod1.state",
                                          "webserver.lock", "webserver.state"));
}

TEST_F(Save, SavesOnlyOverTheVersionThatIsNamed) {
  create("web", "{\"a\":1}");
  const auto version = latchfile({"state", "web", "--print-version"}).out.substr(0, 71);
  EXPECT_THAT(latchfile({"save", "web", "--if-match", version}, "{\"a\":2}"), succeeds());
  EXPECT_THAT(latchfile({"save", "web", "--if-match", version}, "{\"a\":3}"),
              ends(6, "", one_line("read it again with 'latchfile state'")));
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":2}"));
}

TEST_F(Save, RefusesAVersionThatIsNone) {
  create("web", "{\"a\":1}");
  for (const std::string version : {"1", "sha256:", "sha256:xyz", " "}) {
    EXPECT_THAT(latchfile({"save", "web", "--if-match", version}, "{}"),
                fails(2,
                      "latchfile save: invalid version: it must be sha256: and 64 hexadecimal "
                      "digits, as an earlier read of the document gave it"));
  }
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":1}"));
}

// What --if-match "$(latchfile state web --print-version)" becomes when the inner command fails.
TEST_F(Save, DoesNotTakeAnEmptyVersionForNone) {
  create("web", "{\"a\":1}");
  EXPECT_THAT(latchfile({"save", "web", "--if-match", ""}, "{}"), fails_saying(2, "version"));
  EXPECT_THAT(latchfile({"save", "web", "--if-match="}, "{}"), fails_saying(2, "--if-match"));
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":1}"));
}

TEST_F(Save, LeavesACorruptStateAsItIs) {
  create("web", "{}");
  write_text(path_of("web.state"), "{");
  EXPECT_THAT(latchfile({"save", "web"}, "{}"), fails_saying(7, "is corrupt"));
  EXPECT_EQ(read_text(path_of("web.state")), "{");
}

TEST_F(Save, WaitsForTheLockNoLongerThanAsked) {
  create("web", "{\"a\":1}");
  const Holder holder(dir, root, "web");
  const auto who = "held by pid " + std::to_string(holder.pid()) + " (" LATCHFILE_BINARY " ";
  EXPECT_THAT(latchfile({"save", "web", "--nonblock"}, "{}"), fails_saying(5, who));
  EXPECT_THAT(latchfile({"save", "web", "--timeout", "0.05"}, "{}"), fails_saying(5, who));
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":1}"));
}

}  // namespace
}  // namespace latchfile::test
