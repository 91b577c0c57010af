// SPDX-License-Identifier: Apache-2.0
//
// latchfile create: exclusively, from a file or from standard input.
#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

using testing::ElementsAre;

using Create = Cli;

TEST_F(Create, TakesTheDocumentFromStandardInput) {
  EXPECT_THAT(latchfile({"create", "web"}, "{\"pid\": 1}"), succeeds());
  EXPECT_THAT(latchfile({"create", "db", "-"}, "{\"pid\": 2}\n"), succeeds());
  EXPECT_EQ(read_text(path_of("web.state")), "{\"pid\": 1}");
  EXPECT_EQ(read_text(path_of("db.state")), "{\"pid\": 2}\n");
}

TEST_F(Create, TakesTheDocumentFromAFile) {
  write_text(dir / "state.json", "{\"a\":1}");
  EXPECT_THAT(latchfile({"create", "web", dir / "state.json"}, "not looked at"), succeeds());
  EXPECT_EQ(read_text(path_of("web.state")), "{\"a\":1}");
}

TEST_F(Create, NamesTheFilesByBothFormsOfId) {
  create("web", "{}");
  create("pod1/web", "{}");
  EXPECT_THAT(names_in(root), ElementsAre("web.lock", "web.state", "web_sandbox:pod1.lock",
                                          "web_sandbox:pod1.state"));
}

TEST_F(Create, RefusesAnIdThatIsTakenAndLeavesItsDocument) {
  create("pod1/web", "{\"mine\":1}");
  EXPECT_THAT(latchfile({"create", "pod1/web"}, "{\"yours\":1}"),
              fails(4, "latchfile create: create pod1/web: it already exists in " + root +
                           "; choose another id, or replace it with 'latchfile save'"));
  EXPECT_THAT(latchfile({"state", "pod1/web"}), prints("{\"mine\":1}"));
  EXPECT_THAT(latchfile({"create", "web"}, "{}"), succeeds()) << "of another sandbox, namely none";
}

TEST_F(Create, MakesAnIdOfWhateverIsAllowedInOne) {
  for (const std::string id : {"-x", "--", "+", ".", "..", "a..b", "list", "state", "A_b-C.9+"}) {
    SCOPED_TRACE(id);
    EXPECT_THAT(latchfile({"create", "--", id}, "{\"is\":\"" + id + "\"}"), succeeds());
    EXPECT_THAT(latchfile({"state", "--", id}), prints("{\"is\":\"" + id + "\"}"));
    EXPECT_THAT(latchfile({"delete", "--", id}), succeeds());
  }
}

TEST_F(Create, TakesAnIdThatIsNamedLikeACommand) {
  for (const std::string id :
       {"create", "state", "save", "update", "list", "delete", "lock", "locks"}) {
    SCOPED_TRACE(id);
    EXPECT_THAT(latchfile({"create", id}, "{}"), succeeds());
    EXPECT_THAT(latchfile({"state", id}), prints("{}"));
    EXPECT_THAT(latchfile({"lock", id, "--", "true"}), succeeds());
    EXPECT_THAT(latchfile({"delete", id}), succeeds());
  }
}

TEST_F(Create, SaysWhichFileItCannotRead) {
  const auto absent = dir / "absent.json";
  EXPECT_THAT(
      latchfile({"create", "web", absent}),
      fails(1, "latchfile create: open " + absent + ": No such file or directory; check the path"));
  EXPECT_THAT(latchfile({"create", "web", dir.path()}),
              fails(1, "latchfile create: read " + dir.path().string() +
                           ": Is a directory; put a file there, or name another"));
  EXPECT_FALSE(std::filesystem::exists(root)) << "what failed before the lock made a root";
}

TEST_F(Create, WaitsForTheLockNoLongerThanAsked) {
  create("web", "{}");
  const Holder holder(dir, root, "web");
  const auto who = "held by pid " + std::to_string(holder.pid()) + " (" LATCHFILE_BINARY " ";
  EXPECT_THAT(latchfile({"create", "web", "--nonblock"}, "{}"), fails_saying(5, who));
  EXPECT_THAT(latchfile({"create", "web", "--timeout", "0.05"}, "{}"), fails_saying(5, who));
  EXPECT_THAT(latchfile({"create", "db", "--timeout", "0.05"}, "{}"), succeeds());
}

}  // namespace
}  // namespace latchfile::test
