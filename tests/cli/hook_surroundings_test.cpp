// SPDX-License-Identifier: Apache-2.0
//
// latchfile hook where something is amiss around it: its input, its streams, its log, the root, the
// lock; and the configuration that it prints, with which it runs in whatever surroundings.
#include "cli/hook.hpp"

namespace latchfile::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST_F(Hook, OfABadInputSaysWhyAndChangesNothing) {
  create("web", said("created", getpid()));
  const auto with_id = [](const std::string& id) {
    return R"({"ociVersion":"1","status":"stopped","bundle":"/b","id":")" + id + "\"}";
  };
  const auto with_pid = [](const std::string& pid) {
    return R"({"ociVersion":"1","status":"created","bundle":"/b","id":"web","pid":)" + pid + "}";
  };
  const std::vector<std::pair<std::string, std::string>> inputs = {
      {"", "standard input is not a document: it is empty"},
      {"{\"id\":", "standard input is not a document: it is not JSON"},
      {"[]", "standard input is not a document"},
      {std::string(1000, '\0'), "standard input is not a document"},
      {"{}", "it has no ociVersion"},
      {R"({"ociVersion":"1","status":"stopped","bundle":"/b"})", "it has no id"},
      {said("exploded", getpid()), "status is 'exploded', not creating"},
      {with_id(""), "invalid id"},
      {with_id("../web"), "id"},
      {with_id("pod1/web"), "the id 'pod1/web' has a slash in it"},
      {with_id(std::string(300, 'x')), "id"},
      {with_pid("0"), "it is created and has no pid"},
      {with_pid("-1"), "it is created and has no pid"},
      {with_pid("2147483648"), "pid is 2147483648, not a whole number"},
      {with_pid("\"1\""), "not a whole number"}};
  for (const auto& [input, reason] : inputs) {
    for (const std::string stage : {"createRuntime", "prestart", "poststart", "poststop"}) {
      const auto part = reason == "invalid id" ? std::string("id") : reason;
      EXPECT_THAT(hook(stage, input), goes_on_saying(part)) << input.substr(0, 100);
      EXPECT_THAT(latchfile({"hook", "--strict", stage}, input), fails_saying(2, part));
    }
  }
  EXPECT_EQ(latchfile({"state", "web"}).out, said("created", getpid()));
  EXPECT_THAT(latchfile({"list", "-q"}), prints("web\n"));
}

TEST_F(Hook, ReadsNoMoreThanADocumentMayHave) {
  EXPECT_THAT(shell("head -c 1G /dev/zero | latchfile hook --timeout 60 poststop"),
              goes_on_saying("standard input has more than the 16777216 bytes"));
}

TEST_F(Hook, WaitsForNoInputThatNeverEnds) {
  const std::string never = "mkfifo never && exec 3<>never && ";
  const std::string reason = "standard input did not end in time";
  EXPECT_THAT(shell(never + "exec latchfile hook --timeout 0.05 poststop <&3"),
              goes_on_saying(reason));
  EXPECT_THAT(shell("rm never && " + never +
                    "echo '{}' >&3 && exec latchfile hook --strict --timeout 0.05 poststop <&3"),
              fails_saying(1, reason));
}

TEST_F(Hook, WaitsForNoLockThatIsNeverReleased) {
  create("web", said("created", getpid()));
  const Holder holder(dir, root, "web");
  const auto reason = " held by pid " + std::to_string(holder.pid());
  for (const std::string stage : {"createRuntime", "poststart", "poststop"}) {
    EXPECT_THAT(latchfile({"hook", "--timeout", "0.05", stage}, said("running", getpid())),
                goes_on_saying(reason));
    EXPECT_THAT(latchfile({"hook", "--strict", "--timeout=0.05", stage}, said("created", getpid())),
                fails_saying(5, reason));
  }
  EXPECT_EQ(recorded(), "created " + our_pid);
}

TEST_F(Hook, DoesItsWorkWithClosedStreams) {
  write_text(dir / "input", said("created", getpid()));
  EXPECT_THAT(shell("latchfile hook createRuntime <input >&- 2>&-"), succeeds());
  EXPECT_EQ(recorded(), "created " + our_pid);
  EXPECT_THAT(shell("latchfile hook poststart <&-"),
              goes_on_saying("standard input: Bad file descriptor"));
  EXPECT_THAT(shell("latchfile hook poststart <&- >&- 2>&-"), succeeds());
}

TEST_F(Hook, SurvivesAnErrorStreamThatNobodyReads) {
  EXPECT_THAT(shell("mkfifo pipe; exec 3<>pipe 4>pipe 3<&-\n"
                    "latchfile hook poststop </dev/null 2>&4; echo $?"),
              prints("0\n"));
}

TEST_F(Hook, AppendsToALog) {
  for (int run = 0; run < 2; ++run) {
    EXPECT_THAT(shell("latchfile hook --log log poststop </dev/null"), goes_on_saying("empty"));
  }
  const std::string line =
      "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z latchfile hook poststop: standard input is not a "
      "document: it is empty\n";
  EXPECT_THAT(read_text(dir / "log"), testing::MatchesRegex(line + line));
}

TEST_F(Hook, GoesOnWithoutALog) {
  const auto log = [&](const std::string& file) {
    return shell("latchfile hook --log " + file + " poststop </dev/null");
  };
  EXPECT_THAT(log("none/log"), ends(0, "", HasSubstr("open log none/log: No such file")));
  EXPECT_THAT(log("/dev/full"), ends(0, "", HasSubstr("write log /dev/full: No space left")));
  EXPECT_THAT(shell("mkfifo pipe; latchfile hook --log pipe poststop </dev/null"),
              ends(0, "", HasSubstr("open log pipe: ")));
}

TEST_F(Hook, GoesOnWithoutARoot) {
  write_text(dir / "file", "");
  EXPECT_THAT(
      latchfile({"--root", dir / "file", "hook", "createRuntime"}, said("created", getpid())),
      goes_on_saying("open root " + (dir / "file")));
}

TEST_F(Hook, RefusesStagesInsideTheContainerAndUnknownOnes) {
  for (const std::string stage : {"createContainer", "startContainer"}) {
    EXPECT_THAT(hook(stage, said("created", getpid())),
                fails_saying(2, stage + " hooks run inside the container"));
  }
  EXPECT_THAT(hook("prestop", ""), fails_saying(2, "'prestop' is no stage: createRuntime"));
  EXPECT_THAT(latchfile({"hook"}), fails_saying(2, "say at which stage"));
  EXPECT_FALSE(std::filesystem::exists(root));
}

TEST_F(Hook, PrintsAConfigThatWorksWithoutAnEnvironment) {
  const auto printed = shell(
      "latchfile --root root --keep-lock-files hook --print-config --keep "
      "--timeout 2.5 --log log");
  EXPECT_EQ(printed.exit_code, 0);
  EXPECT_EQ(printed.err, "");
  const auto hooks = json::parse(printed.out);
  EXPECT_EQ(hooks.size(), 3U);
  for (const std::string stage : {"createRuntime", "poststart", "poststop"}) {
    const auto& entry = hooks.at(stage).at(0);
    EXPECT_EQ(entry["path"], std::filesystem::canonical(LATCHFILE_BINARY).string());
    EXPECT_EQ(entry["args"], json({"latchfile", "--root", root, "--keep-lock-files", "hook",
                                   "--keep", "--timeout=2.5", "--log=" + (dir / "log"), stage}));
    EXPECT_GT(entry["timeout"], 2.5) << "the runtime must not be the first to lose patience";
    auto command = entry["args"].get<std::vector<std::string>>();
    command.front() = entry["path"];
    command.insert(command.begin(), {"env", "-i"});
    const auto input = stage == "poststop" ? said("stopped") : said("created", dead_pid());
    EXPECT_THAT(run(command, {.input = input, .working_directory = "/"}), succeeds());
    EXPECT_EQ(recorded(), "stopped");
  }
}

}  // namespace
}  // namespace latchfile::test
