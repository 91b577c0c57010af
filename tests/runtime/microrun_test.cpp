// SPDX-License-Identifier: Apache-2.0
//
// examples/microrun, the runtime that shows how one is made of this library: its containers, killed
// and raced for, while somebody lists them all the time. Skipped where there is no right to make
// containers.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "posix/lock_holder.hpp"
#include "posix/real_kernel.hpp"
#include "process/shared.hpp"
#include "support/child.hpp"
#include "support/sanitizer.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using Words = std::vector<std::string>;

/// Lists the root again and again, and complains if that fails or shows half of a document.
class Lister {
 public:
  explicit Lister(std::string root) : root_(std::move(root)) {}

  /// What it complains of; empty if of nothing.
  [[nodiscard]] std::string finish() {
    *stop_ = true;
    child_.wait();
    EXPECT_GT(*lists_, 0);
    const auto file = dir_ / "complaint";
    return fs::exists(file) ? read_text(file) : "";
  }

 private:
  int list() {
    while (!*stop_) {
      const auto listed = run({LATCHFILE_BINARY, "--root", root_, "list", "-f", "json"});
      const auto entries = json::parse(listed.out, nullptr, false);
      bool good = listed.exit_code == 0 && listed.err.empty() && entries.is_array();
      for (const auto& entry : entries) {
        const auto status = entry.value("status", "");
        good = good && !entry.contains("error") &&
               (status == "creating" || status == "created" || status == "running" ||
                status == "stopped");
      }
      ++*lists_;
      if (!good) {
        write_text(dir_ / "complaint", listed.out + listed.err);
        return 1;
      }
    }
    return 0;
  }

  std::string root_;
  TempDir dir_;
  Shared<std::atomic<bool>> stop_;
  Shared<std::atomic<long>> lists_;
  Child child_{[this] { return list(); }};
};

class Microrun : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can make containers here";
    if (under_thread_sanitizer) GTEST_SKIP() << "ThreadSanitizer knows no clone but that of fork";
    if (run({"unshare", "--pid", "--mount", "--uts", "--ipc", "--fork", "true"}).exit_code != 0) {
      GTEST_SKIP() << "no new namespaces can be made here";
    }
  }
  void TearDown() override {
    if (!fs::exists(root)) return;
    for (const auto& entry : listed())
      static_cast<void>(microrun({"delete", "--force", entry["id"]}));
  }

  /// The command line. The container inherits the streams, and would keep a pipe to us open.
  [[nodiscard]] Words command(const Words& words, const std::string& streams) const {
    Words all = {
        "sh", "-c",     "exec </dev/null >'" + streams + ".out' 2>'" + streams + ".err' \"$@\"",
        "sh", MICRORUN, "--root",
        root};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  [[nodiscard]] Outcome outcome_of(int exit_code, const std::string& streams) const {
    return {exit_code, read_text(streams + ".out"), read_text(streams + ".err")};
  }
  [[nodiscard]] Outcome microrun(const Words& words) const {
    const auto streams = dir / "streams";
    const auto code = run(command(words, streams)).exit_code;
    return outcome_of(code, streams);
  }
  void must(const Words& words) const {
    const auto outcome = microrun(words);
    ASSERT_EQ(outcome.exit_code, 0) << words.front() << ": " << outcome.err;
  }

  [[nodiscard]] json listed() const {
    return json::parse(run({LATCHFILE_BINARY, "--root", root, "list", "-f", "json"}).out);
  }
  /// The status that latchfile list shows of the only container; empty if there is none.
  [[nodiscard]] std::string status() const {
    const auto entries = listed();
    return entries.empty() ? "" : entries[0]["status"];
  }

  /// Whether a process runs, or is about to run, `program`.
  [[nodiscard]] bool has_process() const {
    return std::ranges::any_of(fs::directory_iterator("/proc"), [&](const auto& process) {
      const auto pid = std::atoi(process.path().filename().c_str());
      return pid > 0 && command_of(real_kernel(), pid).find(token) != token.npos;
    });
  }

  /// Whether the only container has come to execute `program`, and no longer waits for its start.
  [[nodiscard]] bool runs_its_program() const {
    const auto pid = listed()[0]["pid"].get<pid_t>();
    return eventually([&] { return command_of(real_kernel(), pid).starts_with("sh -c"); });
  }

  TempDir dir;
  const std::string root = dir / "root";
  const std::string token = "container-of-" + dir.path().filename().string();
  const Words program = {"sh", "-c", "sleep 1000; : " + token};

  [[nodiscard]] Words create_words(const std::string& id) const {
    Words words = {"create", id, "--"};
    words.insert(words.end(), program.begin(), program.end());
    return words;
  }
};

TEST_F(Microrun, TakesAContainerThroughItsLife) {
  must(create_words("web"));
  EXPECT_EQ(status(), "created");
  EXPECT_EQ(json::parse(microrun({"state", "web"}).out)["status"], "created");
  must({"start", "web"});
  EXPECT_EQ(status(), "running");
  EXPECT_EQ(microrun({"list"}).out, "web\trunning\n");
  EXPECT_THAT(microrun({"start", "web"}).err, HasSubstr("is running and cannot become running"));
  EXPECT_THAT(microrun({"delete", "web"}).err, HasSubstr("kill it first"));
  EXPECT_TRUE(runs_its_program());

  must({"kill", "web", "9"});
  EXPECT_TRUE(eventually([&] { return status() == "stopped"; }));
  const auto state = json::parse(microrun({"state", "web"}).out);
  EXPECT_EQ(state["status"], "stopped");
  EXPECT_FALSE(state.contains("pid"));
  EXPECT_THAT(microrun({"kill", "web"}).err, HasSubstr("it has no process"));
  must({"delete", "web"});
  EXPECT_THAT(names_in(root), IsEmpty());
  EXPECT_TRUE(eventually([&] { return !has_process(); }));
}

TEST_F(Microrun, ShowsOneThatEndedByItselfAsStopped) {
  must({"create", "web", "--", "true"});
  must({"start", "web"});
  EXPECT_TRUE(eventually([&] { return status() == "stopped"; }));
  must({"delete", "web"});
  EXPECT_THAT(names_in(root), IsEmpty());
}

TEST_F(Microrun, RunsTheProgramOfABundleInItsOwnNamespaces) {
  fs::create_directories(dir / "bundle/rootfs/proc");
  write_text(dir / "bundle/config.json",
             R"({"process":{"args":["/program"]},"root":{"path":"rootfs"},"hostname":"web"})");
  fs::copy_file(CONTAINER_PROGRAM, dir / "bundle/rootfs/program");
  must({"create", "web", dir / "bundle"});
  EXPECT_EQ(listed()[0]["bundle"], dir / "bundle");
  must({"start", "web"});
  EXPECT_EQ(status(), "running");
  const auto proc = fs::path("/proc") / std::to_string(listed()[0]["pid"].get<pid_t>());
  EXPECT_EQ(fs::read_symlink(proc / "root"), dir / "bundle/rootfs");
  for (const auto* const kind : {"pid", "mnt", "uts", "ipc"}) {
    EXPECT_NE(fs::read_symlink(proc / "ns" / kind),
              fs::read_symlink(fs::path("/proc/self/ns") / kind));
  }
  must({"delete", "--force", "web"});
  EXPECT_THAT(names_in(root), IsEmpty());
}

TEST_F(Microrun, SaysWhyAProgramCannotBeRun) {
  must({"create", "web", "--", "/no/such/program"});
  EXPECT_THAT(microrun({"start", "web"}).err, HasSubstr("No such file or directory"));
  EXPECT_TRUE(eventually([&] { return status() == "stopped"; }));
  must({"delete", "web"});
  EXPECT_THAT(names_in(root), IsEmpty());
}

TEST_F(Microrun, LeavesNothingOfAContainerThatCannotBeMade) {
  write_text(dir / "config.json", R"({"process":{"args":["/program"]},"root":{"path":"none"}})");
  const auto outcome = microrun({"create", "web", dir.path()});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("enter the root file system: No such file or directory"));
  EXPECT_THAT(names_in(root), IsEmpty());
}

TEST_F(Microrun, OfTwoCreatorsOneWinsAndTheOtherIsTold) {
  Lister lister(root);
  for (int round = 0; round < 10; ++round) {
    const Words streams = {dir / "first", dir / "second"};
    Child first(command(create_words("web"), streams[0]));
    Child second(command(create_words("web"), streams[1]));
    const std::vector<Outcome> outcomes = {outcome_of(first.wait(), streams[0]),
                                           outcome_of(second.wait(), streams[1])};
    EXPECT_EQ(outcomes[0].exit_code + outcomes[1].exit_code, 1);
    const auto& loser = outcomes[outcomes[0].exit_code == 0 ? 1 : 0];
    EXPECT_EQ(loser.err, "microrun: create web: it already exists in " + root + "\n");
    EXPECT_EQ(status(), "created");
    must({"delete", "web"});
    EXPECT_THAT(names_in(root), IsEmpty());
  }
  EXPECT_EQ(lister.finish(), "");
}

TEST_F(Microrun, CanDeleteOneWhoseProcessWasKilledBeforeItsStart) {
  must(create_words("web"));
  ASSERT_EQ(kill(listed()[0]["pid"].get<pid_t>(), SIGKILL), 0);
  EXPECT_TRUE(eventually([&] { return status() == "stopped"; }));
  EXPECT_THAT(microrun({"start", "web"}).err, HasSubstr("open the gate: "));
  must({"delete", "web"});
  EXPECT_THAT(names_in(root), IsEmpty());
}

/// A program that is stopped at each of its system calls.
class Traced {
 public:
  explicit Traced(const Words& command) : pid_(fork()) {
    if (pid_ == 0) {
      std::vector<char*> arguments;
      for (const auto& word : command)
        arguments.push_back(const_cast<char*>(word.c_str()));
      arguments.push_back(nullptr);
      if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0) execvp(arguments[0], arguments.data());
      _exit(127);
    }
    waitpid(pid_, &status_, 0);  // it stands at the end of execve
    // Without it the kernel does not tell which call it is.
    ptrace(PTRACE_SETOPTIONS, pid_, nullptr, PTRACE_O_TRACESYSGOOD);
  }
  Traced(const Traced&) = delete;
  Traced& operator=(const Traced&) = delete;
  ~Traced() {
    if (!WIFSTOPPED(status_)) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  /// Lets it go on to the beginning of its next call: the number of that; nothing if it ended.
  std::optional<long> next() {
    for (bool at_end = begun_; WIFSTOPPED(status_); at_end = false) {
      ptrace(PTRACE_SYSCALL, pid_, nullptr, nullptr);
      waitpid(pid_, &status_, 0);
      if (at_end || !WIFSTOPPED(status_)) continue;
      begun_ = true;
      __ptrace_syscall_info call{};
      ptrace(PTRACE_GET_SYSCALL_INFO, pid_, sizeof(call), &call);
      return static_cast<long>(call.entry.nr);
    }
    return std::nullopt;
  }

 private:
  pid_t pid_;
  int status_ = 0;
  bool begun_ = false;  ///< it stands at the beginning of a call
};

/// Whether a call only looks, at what nobody else sees changed: a kill before it leaves what a kill
/// before the next one does.
bool only_looks(long call) {
  constexpr auto looking = std::to_array<long>({SYS_brk, SYS_close, SYS_fstat, SYS_futex,
                                                SYS_getpid, SYS_gettid, SYS_mmap, SYS_mprotect,
                                                SYS_munmap, SYS_newfstatat, SYS_read, SYS_statx});
  return std::ranges::find(looking, call) != looking.end();
}

/// The calls of the command that do more than look, from the one on that asks for the first lock:
/// the how many-th they are.
std::vector<int> calls_of(const Words& command) {
  Traced traced(command);
  std::vector<int> calls;
  for (int nth = 1;; ++nth) {
    const auto number = traced.next();
    if (!number) return calls;
    const bool begun = !calls.empty() || *number == SYS_flock;
    if (begun && !only_looks(*number)) calls.push_back(nth);
  }
}

class MicrorunKilled : public Microrun {
 protected:
  void SetUp() override {
    Microrun::SetUp();
    if (IsSkipped()) return;
    if (!Traced({"true"}).next()) GTEST_SKIP() << "no process can be traced here";
  }

  /// Kills `words` before each of its calls in turn that do something, whatever `before` prepared,
  /// and has `after` look at what that left.
  void kill_at_every_call(const Words& words, const std::function<void()>& before,
                          const std::function<void()>& after) {
    Words all = {MICRORUN, "--root", root};
    all.insert(all.end(), words.begin(), words.end());
    before();
    const auto calls = calls_of(all);
    after();
    ASSERT_GT(calls.size(), 10U);

    Lister lister(root);
    for (const int last : calls) {
      SCOPED_TRACE("before call " + std::to_string(last));
      before();
      {
        Traced traced(all);
        for (int call = 0; call < last && traced.next(); ++call) {
        }
      }
      after();
      must_be_clean();
      if (HasFailure()) break;
    }
    EXPECT_EQ(lister.finish(), "");
  }

  /// Nothing of the container is left but what a repair removes.
  void must_be_clean() const {
    if (!fs::exists(root)) return;
    EXPECT_EQ(run({LATCHFILE_BINARY, "--root", root, "check", "--repair"}).exit_code, 0);
    EXPECT_THAT(names_in(root), IsEmpty());
    EXPECT_TRUE(eventually([&] { return !has_process(); })) << "nobody knows of a process";
  }
};

TEST_F(MicrorunKilled, InACreateLeavesWhatCanBeDeleted) {
  kill_at_every_call(
      create_words("web"), [] {},
      [&] {
        const auto found = status();
        EXPECT_THAT(found, AnyOf("", "creating", "created", "stopped"));
        if (!found.empty()) must({"delete", "web"});
      });
}

TEST_F(MicrorunKilled, InAStartLeavesWhatCanBeStartedOrRuns) {
  kill_at_every_call(
      {"start", "web"}, [&] { must(create_words("web")); },
      [&] {
        EXPECT_THAT(status(), AnyOf("created", "running"));
        if (status() == "created") must({"start", "web"});
        EXPECT_EQ(status(), "running");
        EXPECT_TRUE(runs_its_program());
        must({"delete", "--force", "web"});
      });
}

TEST_F(MicrorunKilled, InADeleteLeavesWhatCanBeDeletedOrNothing) {
  kill_at_every_call(
      {"delete", "web"}, [&] { must(create_words("web")); },
      [&] {
        EXPECT_THAT(status(), AnyOf("created", "stopped", ""));
        if (!status().empty()) must({"delete", "web"});
      });
}

}  // namespace
}  // namespace latchfile::test
