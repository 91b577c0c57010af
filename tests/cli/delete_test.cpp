// SPDX-License-Identifier: Apache-2.0
//
// latchfile delete: the state and the lock of a container, by its full name.
#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Delete = Cli;

TEST_F(Delete, LeavesNothing) {
  create("web", "{}");
  create("pod1/web", "{}");
  EXPECT_THAT(latchfile({"delete", "web"}), succeeds());
  EXPECT_THAT(latchfile({"state", "pod1/web"}), prints("{}"));
  EXPECT_THAT(latchfile({"delete", "pod1/web"}), succeeds());
  EXPECT_THAT(names_in(root), IsEmpty());
}

TEST_F(Delete, KeepsTheLockFileIfAsked) {
  create("web", "{}");
  EXPECT_THAT(latchfile({"delete", "web", "--keep-lock-files"}), succeeds());
  EXPECT_THAT(names_in(root), ElementsAre("web.lock"));
  EXPECT_THAT(latchfile({"create", "web"}, "{}"), succeeds()) << "over a lock file that was kept";
}

TEST_F(Delete, DoesNotGuessWhichContainerIsMeant) {
  create("webserver", "{}");
  create("pod1/db", "{}");
  for (const std::string beginning : {"web", "db"}) {
    EXPECT_THAT(latchfile({"delete", beginning}),
                fails(3, "latchfile delete: lock " + beginning + ": no such container in " + root +
                             "; see 'latchfile list'"));
    EXPECT_THAT(latchfile({"delete", beginning, "--force"}), succeeds());
  }
  EXPECT_THAT(latchfile({"list", "-q"}), prints("pod1/db\nwebserver\n"));
}

TEST_F(Delete, ByForceIsContentWithAnAbsentContainer) {
  EXPECT_THAT(latchfile({"delete", "web"}), fails_saying(3, "no such container"));
  EXPECT_THAT(latchfile({"delete", "web", "--force"}), succeeds());
  EXPECT_FALSE(std::filesystem::exists(root));
}

TEST_F(Delete, ByForceIsContentWithNothingElse) {
  EXPECT_THAT(latchfile({"delete", "we b", "--force"}), fails_saying(2, "invalid container id"));
  create("web", "{}");
  write_text(path_of("web.state"), "{");
  EXPECT_THAT(latchfile({"delete", "web", "--force"}), fails_saying(7, "is corrupt"));
  EXPECT_EQ(read_text(path_of("web.state")), "{");
}

TEST_F(Delete, DeletesOnlyTheVersionThatIsNamed) {
  create("web", "{\"a\":1}");
  const auto version = latchfile({"state", "web", "--print-version"}).out.substr(0, 71);
  ASSERT_THAT(latchfile({"save", "web"}, "{\"a\":2}"), succeeds());
  EXPECT_THAT(latchfile({"delete", "web", "--if-match", version}),
              fails_saying(6, "read it again with 'latchfile state'"));
  EXPECT_THAT(latchfile({"delete", "web", "--if-match", "1"}), fails_saying(2, "invalid version"));
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":2}"));
  const auto now = latchfile({"state", "web", "--print-version"}).out.substr(0, 71);
  EXPECT_THAT(latchfile({"delete", "web", "--if-match", now}), succeeds());
  EXPECT_THAT(names_in(root), IsEmpty());
}

TEST_F(Delete, DoesNotTakeAnEmptyVersionForNone) {
  create("web", "{}");
  EXPECT_THAT(latchfile({"delete", "web", "--if-match", ""}), fails_saying(2, "version"));
  EXPECT_THAT(latchfile({"state", "web"}), prints("{}"));
}

TEST_F(Delete, WaitsForTheLockNoLongerThanAsked) {
  create("web", "{}");
  const Holder holder(dir, root, "web");
  const auto who = "held by pid " + std::to_string(holder.pid()) + " (" LATCHFILE_BINARY " ";
  EXPECT_THAT(latchfile({"delete", "web", "--nonblock"}), fails_saying(5, who));
  EXPECT_THAT(latchfile({"delete", "web", "--force", "--timeout", "0.05"}), fails_saying(5, who));
  EXPECT_THAT(latchfile({"state", "web"}), prints("{}"));
}

}  // namespace
}  // namespace latchfile::test
