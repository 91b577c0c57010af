// SPDX-License-Identifier: Apache-2.0
//
// latchfile check: what it prints, how it ends, and what it leaves in the root.
#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"
#include "cli/terminal.hpp"
#include "latchfile/oci.hpp"
#include "support/running_state.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

class Check : public Cli {
 protected:
  void put(const std::string& name, std::string_view text = {}) const {
    write_text(path_of(name), text);
  }
  [[nodiscard]] std::vector<std::string> findings(std::vector<std::string> arguments,
                                                  int exit_code) const {
    arguments.insert(arguments.begin(), {"check", "-f", "json"});
    const auto outcome = latchfile(arguments);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    std::vector<std::string> all;
    for (const auto& found : json::parse(outcome.out)) {
      all.push_back((found["wrong"].get<bool>() ? "!" : "") + found["finding"].get<std::string>() +
                    " " + found["entry"].get<std::string>());
    }
    return all;
  }
};

TEST_F(Check, OfNothingWrongIsAnEmptyTable) {
  EXPECT_THAT(latchfile({"check"}), prints("ID   FINDING   REPAIR   DETAIL\n"));
  EXPECT_THAT(latchfile({"check", "-f", "json"}), prints("[]\n"));
  EXPECT_FALSE(std::filesystem::exists(root));
  create("web", "{}");
  EXPECT_THAT(latchfile({"check", "--repair"}), prints("ID   FINDING   REPAIR   DETAIL\n"));
}

TEST_F(Check, EndsWithSevenUntilTheRepair) {
  create("web", "{}");
  put("pod.state", "{");
  put("dead.lock");
  put("web.state.tmp");
  const auto looked = latchfile({"check"});
  EXPECT_EQ(looked.exit_code, 7);
  EXPECT_THAT(looked.out, AllOf(HasSubstr("\ndead   orphan_lock     -        "),
                                HasSubstr("\npod    corrupt         -        "),
                                HasSubstr("\nweb    leftover_temp   -        ")));
  EXPECT_EQ(names_in(root).size(), 5U);

  const auto repaired = latchfile({"check", "--repair"});
  EXPECT_EQ(repaired.exit_code, 0) << repaired.out;
  EXPECT_THAT(repaired.out, HasSubstr("moved to pod.corrupt-20"));
  const auto left = names_in(root);
  ASSERT_EQ(left.size(), 3U);
  EXPECT_THAT(left[0], MatchesRegex("pod.corrupt-[0-9]{8}T[0-9]{6}Z"));
  EXPECT_EQ(read_text(path_of(left[0])), "{");
  EXPECT_THAT(findings({}, 0), testing::ElementsAre("quarantined " + left[0]));
}

TEST_F(Check, GoesOnBehindWhatItCannotRepair) {
  create("web", "{}");
  ASSERT_EQ(mkfifo(path_of("a.state").c_str(), 0600), 0);
  put("b.lock");
  EXPECT_THAT(findings({"--repair"}, 7),
              testing::ElementsAre("!insecure a.state", "orphan_lock b.lock"));
}

TEST_F(Check, NamesTheHolderOfABusyLockAndDoesNotWaitForEver) {
  create("web", "{}");
  const Holder holder(dir, root, "web");
  EXPECT_THAT(findings({"--repair", "--timeout", "0.01"}, 0), IsEmpty());
  put("web.state", "{");
  EXPECT_THAT(findings({"--repair", "--timeout", "0.01"}, 7),
              testing::ElementsAre("!busy web.state"));
  EXPECT_THAT(latchfile({"check"}).out, HasSubstr("pid " + std::to_string(holder.pid())));
}

TEST_F(Check, FindsADocumentOfAnotherContainer) {
  create("web", R"({"id":"db","status":"stopped"})");
  EXPECT_THAT(findings({"--repair"}, 7), testing::ElementsAre("!other_id web.state"));
}

TEST_F(Check, FindsTheDeadAndWritesDownThatAnOciContainerIsStopped) {
  Child child{[] { return pause(); }};
  const auto process = oci::Process::of(child.pid()).value();
  create("web", running_state(process).document().bytes());
  create("gvisor", R"({"id":"gvisor","status":"running","sandbox":{"pid":)" +
                       std::to_string(child.pid()) + "}}");
  EXPECT_THAT(findings({"--repair"}, 0), IsEmpty());
  child.signal(SIGKILL);
  child.wait();
  EXPECT_THAT(findings({}, 7), testing::ElementsAre("!dead gvisor.state", "!dead web.state"));
  EXPECT_THAT(findings({"--repair"}, 7),
              testing::ElementsAre("!dead gvisor.state", "dead web.state"));
  EXPECT_EQ(json::parse(latchfile({"state", "web"}).out)["status"], "stopped");
  EXPECT_EQ(json::parse(latchfile({"state", "gvisor"}).out)["status"], "running");
}

TEST_F(Check, KeepsLockFilesIfItIsTold) {
  create("web", "{}");
  put("dead.lock");
  EXPECT_EQ(latchfile({"--keep-lock-files", "check", "--repair"}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(path_of("dead.lock")));
}

TEST_F(Check, FailsOnARootThatCannotBeRead) {
  EXPECT_THAT(latchfile({"--root", "/dev/null", "check"}), fails_saying(1, "/dev/null"));
  EXPECT_THAT(latchfile({"check", "--timeout", "1"}), fails_saying(2, "--repair"));
  EXPECT_THAT(latchfile({"check", "--repair", "--timeout", "x"}), fails_saying(2, "--timeout"));
}

TEST_F(Check, ShowsItsProgressOnATerminalAndOnlyOfMany) {
  create("web", "{}");
  OnTerminal few({LATCHFILE_BINARY, "--root", root, "check"});
  EXPECT_THAT(few.end().out, testing::Not(HasSubstr("% of")));
  constexpr int many = 1000;
  for (int i = 0; i < many; ++i)
    put("c" + std::to_string(i) + ".state", "{}");
  OnTerminal all({LATCHFILE_BINARY, "--root", root, "check"});
  EXPECT_THAT(all.end().out, HasSubstr("% of 1002 entries"));
  EXPECT_THAT(latchfile({"check"}), prints("ID   FINDING   REPAIR   DETAIL\n"));
}

}  // namespace
}  // namespace latchfile::test
