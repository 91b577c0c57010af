// SPDX-License-Identifier: Apache-2.0
//
// latchfile wait: what can be waited for, and how it ends.
#include <csignal>
#include <functional>
#include <unistd.h>

#include "cli/cli.hpp"
#include "latchfile/oci.hpp"
#include "support/running_state.hpp"

namespace latchfile::test {
namespace {

using oci::Process;

class WaitCommand : public Cli {
 protected:
  /// A wait that runs beside the test, from the moment on that it sleeps.
  [[nodiscard]] Child waiting(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {LATCHFILE_BINARY, "--root", root, "wait"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    Child child(all);
    EXPECT_TRUE(eventually([&] { return is_sleeping(child.pid()); }));
    return child;
  }
  void create_running(const std::string& id, pid_t pid) const {
    create(id, running_state(Process::of(pid).value()).document().bytes());
  }
  void expect_done(const std::vector<std::string>& arguments, std::string_view input = {}) const {
    EXPECT_THAT(latchfile(arguments, input), succeeds());
  }
};

TEST_F(WaitCommand, ForWhatIsSoAlreadyReturnsAtOnce) {
  create("pod1/web", R"({"status":"created","annotations":{"ready":"true","a.b/c":"x=y"}})");
  for (const std::string condition :
       {"status=created", "annotations.ready=true", "annotations.a.b/c=x=y"}) {
    expect_done({"wait", "web", "--for", condition, "--timeout", "0"});
  }
  expect_done({"wait", "pod1/web", "--for", "exists", "--timeout", "0"});
  expect_done({"wait", "db", "--for", "deleted"});
}

TEST_F(WaitCommand, ForAStatusReturnsOnceItIsWritten) {
  create("web", R"({"status":"creating"})");
  auto wait = waiting({"web", "--for", "status=created"});
  expect_done({"update", "web", "--merge", R"({"x":1})"});
  expect_done({"update", "web", "--merge", R"({"status":"created"})"});
  EXPECT_EQ(wait.wait(), 0);
}

TEST_F(WaitCommand, ForAnAnnotationReturnsOnceItHasTheValue) {
  create("web", R"({"annotations":{"ready":"false"}})");
  auto wait = waiting({"web", "--for", "annotations.ready=true"});
  expect_done({"update", "web", "--merge", R"({"annotations":{"ready":"true"}})"});
  EXPECT_EQ(wait.wait(), 0);
}

TEST_F(WaitCommand, ForExistenceReturnsOnceItIsCreatedAlsoInANewRoot) {
  auto wait = waiting({"web", "--for", "exists"});
  create("website", "{}");
  create("web", "{}");
  EXPECT_EQ(wait.wait(), 0);
}

TEST_F(WaitCommand, ForDeletionReturnsOnceItIsGone) {
  create("web", "{}");
  create("website", "{}");
  auto wait = waiting({"web", "--for", "deleted"});
  expect_done({"delete", "website"});
  expect_done({"delete", "web"});
  EXPECT_EQ(wait.wait(), 0);
}

TEST_F(WaitCommand, ForStoppedReturnsOnceTheProcessIsGoneReapedOrNot) {
  Child process([] { return pause(); });
  create_running("web", process.pid());
  const auto stored = latchfile({"state", "web"}).out;
  auto wait = waiting({"web", "--for", "status=stopped"});
  process.signal(SIGKILL);
  EXPECT_EQ(wait.wait(), 0) << "a zombie";
  process.wait();
  expect_done({"wait", "web", "--for", "status=stopped", "--timeout", "0"});
  EXPECT_EQ(latchfile({"state", "web"}).out, stored) << "nothing is written down";
}

TEST_F(WaitCommand, ForStoppedFollowsTheProcessThatTheDocumentNamesNow) {
  Child first([] { return pause(); });
  Child second([] { return pause(); });
  create("web", R"({"status":"running","pid":)" + std::to_string(first.pid()) + "}");
  auto wait = waiting({"web", "--for", "status=stopped"});
  expect_done({"update", "web", "--merge", R"({"pid":)" + std::to_string(second.pid()) + "}"});
  first.signal(SIGKILL);
  first.wait();
  EXPECT_TRUE(eventually([&] { return is_sleeping(wait.pid()); }));
  second.signal(SIGKILL);
  EXPECT_EQ(wait.wait(), 0);
}

TEST_F(WaitCommand, ThatIsInVainSaysHowItIs) {
  Child process([] { return pause(); });
  create_running("web", process.pid());
  EXPECT_THAT(latchfile({"wait", "web", "--for", "status=stopped", "--timeout", "0.01"}),
              fails(5,
                    "latchfile wait: wait for web: status is 'running', and 'status=stopped' was "
                    "asked for; wait longer"));
  EXPECT_THAT(latchfile({"wait", "web", "--for", "annotations.x=1", "--timeout", "0"}),
              fails(5,
                    "latchfile wait: wait for web: it has no annotation 'x', and "
                    "'annotations.x=1' was asked for; wait longer"));
  EXPECT_THAT(latchfile({"wait", "db", "--for", "exists", "--timeout", "0"}),
              fails_saying(5, "there is no such container, and 'exists' was asked for"));
  EXPECT_THAT(latchfile({"wait", "web", "--for", "deleted", "--timeout", "0"}),
              fails_saying(5, "it is there, and 'deleted' was asked for"));
}

TEST_F(WaitCommand, ForADocumentThatIsNotThereOrGoesIsNotFound) {
  EXPECT_THAT(latchfile({"wait", "web", "--for", "status=stopped"}), fails_saying(3, "'web'"));
  create("web", R"({"status":"creating"})");
  auto wait = waiting({"web", "--for", "status=stopped"});
  expect_done({"delete", "web"});
  EXPECT_EQ(wait.wait(), 3);
}

TEST_F(WaitCommand, ForADocumentThatCannotBeReadSaysWhy) {
  create("web", "{}");
  write_text(path_of("web.state"), "{");
  EXPECT_THAT(latchfile({"wait", "web", "--for", "status=stopped"}),
              fails_saying(7, "web.state is corrupt"));
  expect_done({"wait", "web", "--for", "exists"});
}

TEST_F(WaitCommand, RefusesWhatCannotBeWaitedFor) {
  create("web", "{}");
  const auto forms = "it is exists, deleted, status=STATUS or annotations.KEY=VALUE";
  for (const std::string condition :
       {"", "stopped", "state=stopped", "status", "annotations=x", "annotations.=x",
        "annotations.ready", "exists=true", "Status=running"}) {
    EXPECT_THAT(latchfile({"wait", "web", "--for", condition}), fails_saying(2, forms))
        << condition;
  }
  EXPECT_THAT(latchfile({"wait", "web", "--for", "status=stoped"}),
              fails(2,
                    "latchfile wait: 'stoped' is no status: it is creating, created, running, "
                    "paused or stopped"));
  EXPECT_THAT(latchfile({"wait", "web"}), fails_saying(2, "--for is required"));
  EXPECT_THAT(latchfile({"wait", "--for", "exists"}), fails_saying(2, "ID is required"));
  EXPECT_THAT(latchfile({"wait", "web", "--for", "exists", "--timeout", "x"}),
              fails_saying(2, "--timeout"));
}

}  // namespace
}  // namespace latchfile::test
