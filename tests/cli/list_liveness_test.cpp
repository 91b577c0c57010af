// SPDX-License-Identifier: Apache-2.0
//
// What latchfile list makes of a container whose process is gone, or cannot be seen from here.
#include <csignal>
#include <functional>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"
#include "latchfile/oci.hpp"
#include "support/running_state.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;
using oci::Process;
using testing::HasSubstr;

class ListLiveness : public Cli {
 protected:
  Child child{[] { return pause(); }};

  [[nodiscard]] json only_row() const {
    const auto listed = json::parse(latchfile({"list", "-f", "json"}).out);
    return listed.size() == 1 ? listed[0] : json();
  }
  void kill_child() {
    child.signal(SIGKILL);
    child.wait();
  }
  [[nodiscard]] static std::string document_of(const Process& process) {
    return running_state(process).document().bytes();
  }
};

TEST_F(ListLiveness, ShowsWhatIsStoredWhileTheProcessRunsAndStoppedOnceItIsGone) {
  const auto pid = child.pid();
  const auto text = document_of(Process::of(pid).value());
  create("web", text);
  EXPECT_EQ(only_row()["status"], "running");
  kill_child();
  EXPECT_EQ(only_row()["status"], "stopped");
  EXPECT_EQ(only_row()["pid"], pid) << "as it is in the document";
  EXPECT_THAT(latchfile({"list"}), prints(HasSubstr("   stopped   /b")));
  EXPECT_THAT(latchfile({"state", "web"}), prints(text)) << "a list writes nothing";
}

TEST_F(ListLiveness, IsThatOfTheDocumentsOfEveryRuntime) {
  const auto pid = std::to_string(child.pid());
  const std::vector<std::pair<std::string, std::string>> forms = {
      {R"({"ociVersion":"1.0.2","id":"c","status":"paused","bundle":"/b","pid":)" + pid + "}",
       "paused"},
      {R"({"id":"c","status":"created","sandbox":{"pid":)" + pid + "}}", "created"},
      {R"({"id":"c","init_process_pid":)" + pid + "}", "running"},
      {R"({"bundle":"/b","pid":)" + pid + "}", "running"}};
  for (std::size_t i = 0; i < forms.size(); ++i)
    create("c" + std::to_string(i), forms[i].first);
  const auto expect = [&](const std::function<std::string(std::size_t)>& status) {
    const auto listed = json::parse(latchfile({"list", "-f", "json"}).out);
    ASSERT_EQ(listed.size(), forms.size());
    for (std::size_t i = 0; i < forms.size(); ++i)
      EXPECT_EQ(listed[i]["status"], status(i)) << forms[i].first;
  };
  expect([&](std::size_t i) { return forms[i].second; });
  kill_child();
  expect([](std::size_t) { return "stopped"; });
}

TEST_F(ListLiveness, OfAProcessThatHasThePidOfAnother) {
  const auto found = Process::of(child.pid()).value();
  create("reused", document_of(Process::recorded(found.pid(), *found.start_time() + 1).value()));
  EXPECT_EQ(only_row()["status"], "stopped");
  EXPECT_THAT(latchfile({"delete", "reused"}), succeeds());
  create("rebooted",
         document_of(Process::recorded(found.pid(), found.start_time(), "earlier").value()));
  EXPECT_EQ(only_row()["status"], "stopped");
}

/// With the old /proc, which shows pids that mean nothing there, and with one of its own.
TEST_F(ListLiveness, InAnotherPidNamespaceIsAsStored) {
  const std::vector<std::vector<std::string>> ways = {
      {"unshare", "--pid", "--fork"}, {"unshare", "--pid", "--fork", "--mount-proc"}};
  create("web", document_of(Process::of(child.pid()).value()));
  kill_child();
  for (auto command : ways) {
    auto trial = command;
    trial.emplace_back("true");
    if (run(trial).exit_code != 0) GTEST_SKIP() << "no new pid namespace: root is needed";
    command.insert(command.end(), {LATCHFILE_BINARY, "--root", root, "list", "-f", "json"});
    const auto outcome = run(command);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(json::parse(outcome.out)[0]["status"], "running");
  }
}

}  // namespace
}  // namespace latchfile::test
