// SPDX-License-Identifier: Apache-2.0
//
// latchfile hook: what each runtime tells at each stage, and the record that comes of it. The
// processes are those of the tests; tests/runtime has real containers.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

#include "cli/hook.hpp"

namespace latchfile::test {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::MatchesRegex;

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
