// SPDX-License-Identifier: Apache-2.0
//
// latchfile hook: what each runtime tells at each stage, and the record that comes of it. The
// processes are those of the tests; tests/runtime has real containers.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::MatchesRegex;

/// Stands for a runtime that names no pid; crun and runsc write 0 and -1.
constexpr pid_t no_pid = -2;

/// Exit code 0, and the reason on standard error.
OutcomeMatcher goes_on_saying(const std::string& part) { return ends(0, "", one_line(part)); }

/// A process that has ended and is reaped: its pid is nobody's.
pid_t dead_pid() {
  Child child([] { return 0; });
  const auto pid = child.pid();
  child.wait();
  return pid;
}

Child waiting_process() { return Child(std::vector<std::string>{"sleep", "600"}); }

/// Whether `pid` has a descriptor of some process open, to wait for its end.
bool has_pidfd(pid_t pid) {
  std::error_code error;
  const std::filesystem::path fds = "/proc/" + std::to_string(pid) + "/fd";
  for (const auto& fd : std::filesystem::directory_iterator(fds, error)) {
    if (std::filesystem::read_symlink(fd.path(), error).string().find("pidfd") !=
        std::string::npos) {
      return true;
    }
  }
  return false;
}

class Hook : public Cli {
 protected:
  [[nodiscard]] static std::string said(const std::string& status, pid_t pid = no_pid) {
    json state = {{"ociVersion", "1.0.2"}, {"id", "web"}, {"status", status}, {"bundle", "/b"}};
    if (pid != no_pid) state["pid"] = pid;
    return state.dump();
  }

  [[nodiscard]] Outcome hook(const std::string& stage, const std::string& input) const {
    return latchfile({"hook", stage}, input);
  }

  [[nodiscard]] json record(const std::string& id = "web") const {
    const auto state = latchfile({"state", id});
    return state.exit_code == 0 ? json::parse(state.out) : json();
  }

  /// Its status and pid, for example "running 4711"; empty if there is none.
  [[nodiscard]] std::string recorded(const std::string& id = "web") const {
    const auto found = record(id);
    if (found.is_null()) return {};
    const auto status = found["status"].get<std::string>();
    return found.contains("pid") ? status + " " + std::to_string(found["pid"].get<pid_t>())
                                 : status;
  }

  const std::string our_pid = std::to_string(getpid());
};

/// What a runtime tells at a stage, and what the record then is; PID stands for that of a process.
struct Step {
  std::string stage;
  std::string status;
  std::string pid;  ///< empty: the runtime names none
  std::string record;
};

TEST_F(Hook, FollowsALifeByTheHabitsOfEveryRuntime) {
  const std::vector<std::pair<std::string, std::vector<Step>>> runtimes = {
      {"runc 1.1",
       {{"prestart", "creating", "PID", "creating PID"},
        {"createRuntime", "creating", "PID", "creating PID"},
        {"poststart", "created", "PID", "running PID"},
        {"poststop", "stopped", "", ""}}},
      {"runc",
       {{"createRuntime", "creating", "PID", "creating PID"},
        {"poststart", "running", "PID", "running PID"},
        {"poststop", "stopped", "", ""}}},
      {"crun",
       {{"prestart", "created", "PID", "created PID"},
        {"createRuntime", "created", "PID", "created PID"},
        {"poststart", "running", "PID", "running PID"},
        {"poststop", "stopped", "0", ""}}},
      {"runsc",
       {{"createRuntime", "created", "PID", "created PID"},
        {"poststart", "created", "PID", "running PID"},
        {"poststop", "stopped", "-1", ""}}},
      {"youki",
       {{"prestart", "creating", "PID", "creating PID"},
        {"createRuntime", "creating", "PID", "creating PID"},
        {"poststart", "running", "PID", "running PID"},
        {"poststop", "stopped", "PID", ""}}},
      {"youki that does not tell the pid before the start",
       {{"prestart", "creating", "", "creating"},
        {"createRuntime", "creating", "", "creating"},
        {"poststart", "running", "PID", "running PID"},
        {"poststop", "stopped", "PID", ""}}},
      {"both of creating and created",
       {{"prestart", "creating", "PID", "creating PID"},
        {"createRuntime", "created", "PID", "created PID"},
        {"poststop", "stopped", "", ""}}}};
  for (const auto& [runtime, steps] : runtimes) {
    auto process = waiting_process();
    const auto with_pid = [&](std::string text) {
      const auto at = text.find("PID");
      return at == text.npos ? text : text.replace(at, 3, std::to_string(process.pid()));
    };
    for (const auto& step : steps) {
      SCOPED_TRACE(runtime + " at " + step.stage);
      const auto pid = step.pid.empty() ? no_pid : std::stoi(with_pid(step.pid));
      if (step.stage == "poststop") {
        process.signal(SIGKILL);
        process.wait();
      }
      // Each twice: a hook that is run again changes nothing.
      for (int run = 0; run < 2; ++run) {
        EXPECT_THAT(hook(step.stage, said(step.status, pid)), succeeds());
        EXPECT_EQ(recorded(), with_pid(step.record));
      }
    }
    EXPECT_THAT(names_in(root), testing::IsEmpty());
  }
}

TEST_F(Hook, TakesWhatRealRuntimesWrote) {
  for (const std::string runtime : {"runc", "runsc"}) {
    std::ifstream inputs(LATCHFILE_SOURCE_DIR "/examples/hooks-" + runtime + ".txt");
    int taken = 0;
    for (std::string line; std::getline(inputs, line);) {
      const auto space = line.find(' ');
      const auto stage = line.substr(0, space);
      if (stage == "createContainer") continue;
      // The processes of these containers are long gone, but for those of this test.
      auto state = json::parse(line.substr(space + 1));
      if (stage != "poststop") state["pid"] = getpid();
      const auto id = state["id"].get<std::string>();
      if (stage == "poststop") {
        ASSERT_THAT(latchfile({"update", id, "--merge", R"({"status":"stopped"})"}), succeeds());
      }
      EXPECT_THAT(hook(stage, state.dump()), succeeds()) << line;
      EXPECT_EQ(recorded(id), stage == "poststop" ? ""
                              : stage == "poststart"
                                  ? "running " + our_pid
                                  : state["status"].get<std::string>() + " " + our_pid);
      ++taken;
    }
    EXPECT_EQ(taken, 4);
  }
}

TEST_F(Hook, RecordsWhichProcessItIs) {
  ASSERT_THAT(hook("createRuntime", said("creating", getpid())), succeeds());
  const auto identity = record()["org.latchfile.process"];
  EXPECT_EQ(identity["pid"], getpid());
  EXPECT_GT(identity["startTime"], 0);
  EXPECT_EQ(identity["bootId"].get<std::string>() + "\n",
            read_text("/proc/sys/kernel/random/boot_id"));
  EXPECT_GT(identity["pidNamespace"], 0);
}

TEST_F(Hook, BelievesNoIdentityThatStandsInTheInput) {
  auto state = json::parse(said("created", getpid()));
  state["org.latchfile.process"] = {{"pid", getpid()}, {"startTime", 1}, {"bootId", "x"}};
  ASSERT_THAT(hook("createRuntime", state.dump()), succeeds());
  EXPECT_NE(record()["org.latchfile.process"]["startTime"], 1);
  EXPECT_NE(record()["org.latchfile.process"]["bootId"], "x");
}

TEST_F(Hook, KeepsWhatOthersWroteIntoTheRecord) {
  auto state = json::parse(said("creating", getpid()));
  state["root"] = "/run/crun";
  ASSERT_THAT(hook("createRuntime", state.dump()), succeeds());
  ASSERT_THAT(latchfile({"update", "web", "--merge", R"({"note":"mine"})"}), succeeds());
  ASSERT_THAT(hook("poststart", said("running", getpid())), succeeds());
  EXPECT_EQ(record()["root"], "/run/crun");
  EXPECT_EQ(record()["note"], "mine");
  EXPECT_EQ(recorded(), "running " + our_pid);
}

TEST_F(Hook, GoesOnInLifeAndNeverBack) {
  for (const std::string status : {"running", "paused"}) {
    create("web", said(status, getpid()));
    const auto before = latchfile({"state", "web"}).out;
    for (const std::string stage : {"prestart", "createRuntime", "poststart"}) {
      EXPECT_THAT(hook(stage, said("creating", getpid())), succeeds());
      EXPECT_EQ(latchfile({"state", "web"}).out, before) << stage << " of one that is " << status;
    }
    ASSERT_THAT(latchfile({"delete", "web"}), succeeds());
  }
}

TEST_F(Hook, OfAContainerThatHadNoCreateRuntimeMakesTheRecord) {
  EXPECT_THAT(hook("poststart", said("running", getpid())), succeeds());
  EXPECT_EQ(recorded(), "running " + our_pid);
}

TEST_F(Hook, OfAProcessThatEndedInAMomentKeepsItsRecord) {
  auto process = waiting_process();
  const auto pid = process.pid();
  ASSERT_THAT(hook("createRuntime", said("creating", pid)), succeeds());
  process.signal(SIGKILL);
  process.wait();
  EXPECT_THAT(hook("poststart", said("created", pid)), succeeds());
  EXPECT_EQ(recorded(), "running " + std::to_string(pid));
  EXPECT_THAT(latchfile({"list"}).out, HasSubstr("stopped"));
}

TEST_F(Hook, RecordsNoPidThatIsNobodysAnyMore) {
  EXPECT_THAT(hook("createRuntime", said("creating", dead_pid())), succeeds());
  EXPECT_EQ(recorded(), "stopped");
}

TEST_F(Hook, ReplacesARecordWhoseProcessIsDeadOrThatIsStopped) {
  auto process = waiting_process();
  ASSERT_THAT(hook("createRuntime", said("creating", process.pid())), succeeds());
  process.signal(SIGKILL);
  process.wait();
  EXPECT_THAT(hook("createRuntime", said("creating", getpid())), succeeds());
  EXPECT_EQ(recorded(), "creating " + our_pid);

  ASSERT_THAT(latchfile({"save", "web"}, said("stopped")), succeeds());
  EXPECT_THAT(hook("createRuntime", said("created", getpid())), succeeds());
  EXPECT_EQ(recorded(), "created " + our_pid);
}

TEST_F(Hook, ReplacesARecordWhosePidIsThatOfAnotherNow) {
  auto state = json::parse(said("running", getpid()));
  state["org.latchfile.process"] = {{"pid", getpid()}, {"startTime", 1}};
  create("web", state.dump());
  EXPECT_THAT(hook("createRuntime", said("creating", getpid())), succeeds());
  EXPECT_EQ(recorded(), "creating " + our_pid);
  EXPECT_NE(record()["org.latchfile.process"]["startTime"], 1);
}

TEST_F(Hook, KeepsTheRecordOfAnotherThatLives) {
  const auto process = waiting_process();
  ASSERT_THAT(hook("createRuntime", said("creating", process.pid())), succeeds());
  const auto before = latchfile({"state", "web"}).out;
  const auto reason =
      "the record of web was kept, since its process is not known to have ended: pid " +
      std::to_string(process.pid()) + " runs";
  for (const std::string stage : {"prestart", "createRuntime", "poststart"}) {
    EXPECT_THAT(hook(stage, said("created", getpid())), goes_on_saying(reason));
  }
  // runc frees an id before its poststop, so that this one may be of an earlier container.
  EXPECT_THAT(latchfile({"hook", "--timeout=0.05", "poststop"}, said("stopped")),
              goes_on_saying(reason));
  EXPECT_THAT(latchfile({"hook", "--timeout=0.05", "--strict", "poststop"}, said("stopped")),
              fails_saying(4, reason));
  EXPECT_EQ(latchfile({"state", "web"}).out, before);
}

// crun without a cgroup calls poststop right after its SIGKILL.
TEST_F(Hook, WaitsForAProcessThatIsAboutToEnd) {
  auto process = waiting_process();
  ASSERT_THAT(hook("createRuntime", said("created", process.pid())), succeeds());
  write_text(dir / "input", said("stopped"));
  Child stop(std::vector<std::string>{"sh", "-c",
                                      "exec '" LATCHFILE_BINARY "' --root '" + root +
                                          "' hook --timeout 60 --strict poststop <'" +
                                          (dir / "input") + "'"});
  EXPECT_TRUE(eventually([&] { return has_pidfd(stop.pid()); }));
  EXPECT_EQ(recorded(), "created " + std::to_string(process.pid()));
  process.signal(SIGKILL);
  process.wait();
  EXPECT_EQ(stop.wait(), 0);
  EXPECT_EQ(recorded(), "");
}

TEST_F(Hook, KeepsTheStoppedRecordIfAsked) {
  auto process = waiting_process();
  ASSERT_THAT(hook("createRuntime", said("created", process.pid())), succeeds());
  process.signal(SIGKILL);
  process.wait();
  for (int run = 0; run < 2; ++run) {
    EXPECT_THAT(latchfile({"hook", "--keep", "poststop"}, said("stopped", 0)), succeeds());
    EXPECT_EQ(recorded(), "stopped");
  }
  EXPECT_FALSE(record().contains("org.latchfile.process"));
}

TEST_F(Hook, LeavesARecordThatIsNoState) {
  create("web", R"({"mine":1})");
  for (const std::string stage : {"createRuntime", "poststart", "poststop"}) {
    EXPECT_THAT(hook(stage, said("stopped")),
                goes_on_saying("the record of web was kept, as it is not an OCI state: it has no "
                               "ociVersion"));
  }
  EXPECT_EQ(latchfile({"state", "web"}).out, R"({"mine":1})");
  write_text(path_of("web.state"), "{\"half\":");
  EXPECT_THAT(hook("poststop", said("stopped")), goes_on_saying("web.state is corrupt"));
  EXPECT_EQ(read_text(path_of("web.state")), "{\"half\":");
}

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

TEST_F(Hook, OfSeveralContainersThatWantOneIdOneIsRecorded) {
  constexpr int racers = 8;
  std::vector<Child> processes;
  std::vector<Child> hooks;
  for (int i = 0; i < racers; ++i) {
    processes.push_back(waiting_process());
    hooks.emplace_back([&, input = said("created", processes.back().pid())] {
      return latchfile({"hook", "--timeout=30", "--strict", "createRuntime", "--log", dir / "log"},
                       input)
          .exit_code;
    });
  }
  std::vector<pid_t> recorded_pids;
  for (int i = 0; i < racers; ++i) {
    const auto code = hooks[static_cast<std::size_t>(i)].wait();
    if (code == 0) recorded_pids.push_back(processes[static_cast<std::size_t>(i)].pid());
    EXPECT_TRUE(code == 0 || code == 4) << code;
  }
  ASSERT_EQ(recorded_pids.size(), 1U);
  EXPECT_EQ(recorded(), "created " + std::to_string(recorded_pids.front()));
  std::istringstream log(read_text(dir / "log"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(log, line);)
    lines.push_back(line);
  EXPECT_EQ(lines.size(), racers - 1U);
  EXPECT_THAT(lines, Each(MatchesRegex("[-0-9T:]+Z latchfile hook createRuntime: the record of web "
                                       "was kept, since .* runs; .*")));
}

TEST_F(Hook, OfOneContainerMayRunAtOnce) {
  std::vector<Child> hooks;
  for (int i = 0; i < 12; ++i) {
    hooks.emplace_back([&, i] {
      const auto* const stage = i % 3 == 0   ? "prestart"
                                : i % 3 == 1 ? "createRuntime"
                                             : "poststart";
      return latchfile({"hook", "--timeout=30", "--strict", stage}, said("created", getppid()))
          .exit_code;
    });
  }
  for (auto& each : hooks)
    EXPECT_EQ(each.wait(), 0);
  EXPECT_EQ(recorded(), "running " + our_pid);
}

}  // namespace
}  // namespace latchfile::test
