// SPDX-License-Identifier: Apache-2.0
//
// latchfile update: a patch, or a program as a filter, under one lock.
#include "cli/cli.hpp"

#include <algorithm>

namespace latchfile::test {
namespace {

using testing::ElementsAre;

class Update : public Cli {
 protected:
  void SetUp() override { create("pod1/web", before); }

  void expect_unchanged() const {
    EXPECT_THAT(latchfile({"state", "pod1/web"}), prints(before));
    EXPECT_THAT(names_in(root), ElementsAre("web_sandbox:pod1.lock", "web_sandbox:pod1.state"));
  }

  const std::string before =
      R"({"status":"running","pid":7,"n":1.50e+3,"big":12345678901234567890})";
};

TEST_F(Update, AppliesAMergePatch) {
  EXPECT_THAT(latchfile({"update", "web", "--merge", R"({"status":"stopped","pid":null,"x":{}})"}),
              succeeds());
  EXPECT_THAT(latchfile({"state", "web"}),
              prints(R"({"status":"stopped","n":1.50e+3,"big":12345678901234567890,"x":{}})"));
}

TEST_F(Update, AppliesAJsonPatch) {
  const auto patch =
      R"([{"op":"test","path":"/pid","value":7.0},)"
      R"({"op":"replace","path":"/pid","value":8},{"op":"remove","path":"/status"}])";
  EXPECT_THAT(latchfile({"update", "w", "--patch", patch}), succeeds());
  EXPECT_THAT(latchfile({"state", "web"}),
              prints(R"({"pid":8,"n":1.50e+3,"big":12345678901234567890})"));
}

TEST_F(Update, SavesNothingOfAPatchThatFails) {
  const auto context = [](const std::string& why) { return "update pod1/web: " + why; };
  EXPECT_THAT(latchfile({"update", "web", "--merge", "{"}),
              fails_saying(2, context("patch: it is not JSON")));
  EXPECT_THAT(latchfile({"update", "web", "--merge", ""}),
              fails(2, "latchfile update: update pod1/web: patch: it is empty"));
  EXPECT_THAT(latchfile({"update", "web", "--merge", "[1]"}),
              fails_saying(2, context("patch: a merge patch of a document must be an object")));
  EXPECT_THAT(latchfile({"update", "web", "--patch", "{}"}),
              fails_saying(2, context("patch: a JSON patch must be an array of operations")));
  EXPECT_THAT(latchfile({"update", "web", "--patch", R"([{"op":"test","path":"/pid","value":8}])"}),
              fails_saying(2, context("operation 0 of the patch")));
  EXPECT_THAT(latchfile({"update", "web", "--patch", R"([{"op":"add","path":"","value":1}])"}),
              fails_saying(2, context("patch: the outcome is not an object")));
  expect_unchanged();
}

TEST_F(Update, SavesWhatAFilterWrites) {
  EXPECT_THAT(latchfile({"update", "web", "--", "sed", "s/running/paused/"}), succeeds());
  EXPECT_THAT(latchfile({"state", "web"}),
              prints(R"({"status":"paused","pid":7,"n":1.50e+3,"big":12345678901234567890})"));
  EXPECT_THAT(latchfile({"update", "web", "--", "printf", " {} \n"}), succeeds());
  EXPECT_THAT(latchfile({"state", "web"}), prints(" {} \n"));
}

TEST_F(Update, GivesAFilterItsArgumentsAsTheyAre) {
  const auto as_json = R"(for a; do printf ',"%s"' "$a"; done | sed 's/^,\(.*\)/{"args":[\1]}/')";
  EXPECT_THAT(latchfile({"update", "web", "--", "sh", "-c", as_json, "sh", "[a,b]", "", "[]", "--",
                         "--root", "-h", "{}", "x,y"}),
              succeeds());
  EXPECT_THAT(latchfile({"state", "web"}),
              prints(R"({"args":["[a,b]","","[]","--","--root","-h","{}","x,y"]})"));
}

TEST_F(Update, DoesNotMindAFilterThatDoesNotReadALargeDocument) {
  ASSERT_THAT(latchfile({"save", "pod1/web"}, "{\"a\":\"" + std::string(1 << 20, 'x') + "\"}"),
              succeeds());
  EXPECT_THAT(latchfile({"update", "web", "--", "echo", "{}"}), succeeds());
  EXPECT_THAT(latchfile({"state", "web"}), prints("{}\n"));
}

TEST_F(Update, SavesNothingOfAFilterThatFails) {
  EXPECT_THAT(latchfile({"update", "web", "--", "sh", "-c", "echo '{}'; exit 3"}),
              fails(1,
                    "latchfile update: update pod1/web: 'sh' ended with exit code 3, so nothing "
                    "was saved"));
  EXPECT_THAT(latchfile({"update", "web", "--", "sh", "-c", "echo '{}'; kill -9 $$"}),
              fails_saying(1, "'sh' ended with exit code 137, so nothing was saved"));
  EXPECT_THAT(latchfile({"update", "web", "--", "latchfile-no-such-command"}),
              fails(1,
                    "latchfile update: update pod1/web: run 'latchfile-no-such-command': No such "
                    "file or directory; check its name, and PATH"));
  EXPECT_THAT(latchfile({"update", "web", "--", dir.path()}), fails_saying(1, "Permission denied"));
  expect_unchanged();
}

TEST_F(Update, SavesNothingThatIsNoDocument) {
  EXPECT_THAT(latchfile({"update", "web", "--", "true"}),
              fails(2,
                    "latchfile update: update pod1/web: what 'true' wrote is not a document: it "
                    "is empty"));
  EXPECT_THAT(latchfile({"update", "web", "--", "sh", "-c", "echo '[]'"}),
              fails_saying(2, "what 'sh' wrote is not a document: it is JSON, but not an object"));
  EXPECT_THAT(latchfile({"update", "web", "--", "printf", "\\377"}),
              fails_saying(2, "what 'printf' wrote is not a document: it is not UTF-8"));
  expect_unchanged();
}

TEST_F(Update, KillsAFilterThatWritesTooMuch) {
  EXPECT_THAT(latchfile({"update", "web", "--", "head", "-c", "17M", "/dev/zero"}),
              fails_saying(1,
                           "update pod1/web: 'head' wrote more than the 16777216 bytes that a "
                           "document may have"));
  EXPECT_THAT(latchfile({"update", "web", "--", "yes"}), fails_saying(1, "'yes' wrote more than"));
  expect_unchanged();
}

TEST_F(Update, LetsAFilterComplain) {
  const auto outcome =
      latchfile({"update", "web", "--", "sh", "-c", "echo careful >&2; echo '{}'"});
  EXPECT_THAT(outcome, ends(0, "", "careful\n"));
}

TEST_F(Update, RunsAFilterUnderTheLock) {
  EXPECT_THAT(shell("latchfile update web -- sh -c 'latchfile save pod1/web --nonblock 2>err <&0; "
                    "echo \"{\\\"inner\\\":$?}\"'"),
              succeeds());
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"inner\":5}\n"));
  EXPECT_THAT(read_text(dir / "err"), one_line("is held by pid "));
}

TEST_F(Update, WantsExactlyOneChange) {
  const auto usage = fails_saying(2, "exactly one of --merge JSON, --patch JSON and -- CMD");
  EXPECT_THAT(latchfile({"update", "web"}), usage);
  EXPECT_THAT(latchfile({"update", "web", "--"}), usage);
  EXPECT_THAT(latchfile({"update", "web", "--merge", "{}", "--patch", "[]"}), usage);
  EXPECT_THAT(latchfile({"update", "web", "--merge", "{}", "--", "cat"}), usage);
  expect_unchanged();
}

TEST_F(Update, SaysThatThereIsNoSuchContainer) {
  EXPECT_THAT(latchfile({"update", "db", "--merge", "{}"}),
              fails(3, "latchfile update: no container in " + root +
                           " is named or begins with 'db'; see 'latchfile list'"));
  create("worker", "{}");
  EXPECT_THAT(latchfile({"update", "w", "--merge", "{}"}),
              fails(2, "latchfile update: 'w' may mean 2 containers: pod1/web, worker"));
}

TEST_F(Update, LeavesACorruptStateAsItIs) {
  create("bad", "{}");
  write_text(path_of("bad.state"), "{");
  EXPECT_THAT(latchfile({"update", "bad", "--", "echo", "{}"}), fails_saying(7, "is corrupt"));
  EXPECT_EQ(read_text(path_of("bad.state")), "{");
}

TEST_F(Update, WaitsForTheLockNoLongerThanAsked) {
  const Holder holder(dir, root, "pod1/web");
  const auto who = "held by pid " + std::to_string(holder.pid()) + " (" LATCHFILE_BINARY " ";
  EXPECT_THAT(latchfile({"update", "web", "--merge", "{}", "--nonblock"}), fails_saying(5, who));
  EXPECT_THAT(latchfile({"update", "web", "--timeout", "0.05", "--", "cat"}), fails_saying(5, who));
  expect_unchanged();
}

TEST_F(Update, LosesNoneOfManyConcurrentChanges) {
  ASSERT_THAT(latchfile({"save", "pod1/web"}, "{\"n\":0}"), succeeds());
  EXPECT_THAT(
      shell("for i in 1 2 3 4 5 6 7 8; do latchfile update web -- sh -c 'read l; n=${l##*:}; "
            "echo \"{\\\"n\\\":$((${n%\\}}+1))}\"' & done; wait"),
      succeeds());
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"n\":8}\n"));
}

}  // namespace
}  // namespace latchfile::test
