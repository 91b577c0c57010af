// SPDX-License-Identifier: Apache-2.0
//
// What is made of what /proc says, on kernels that say what the test wants.
#include "oci/liveness.hpp"

#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <map>
#include <poll.h>
#include <unistd.h>

#include "posix/real_kernel.hpp"
#include "support/child.hpp"
#include "support/passing_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using oci::Liveness;
using oci::Observer;
using oci::Process;
using Verdict = Liveness::Verdict;

/// A kernel whose /proc has other files in the places of some, or errors.
class ProcKernel final : public PassingKernel {
 public:
  explicit ProcKernel(TempDir& dir) : dir_(dir) {}

  void put(const std::string& path, const std::string& text) {
    const auto file = dir_ / std::to_string(files_.size());
    write_text(file, text);
    files_[path] = file;
  }
  void fail(const std::string& path, int error) { errors_[path] = error; }
  void without_pidfds(int error) { pidfd_error_ = error; }

  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    if (const auto error = errors_.find(path); error != errors_.end()) {
      return std::unexpected(Errno{error->second});
    }
    const auto file = files_.find(path);
    return real_.openat(dir, file == files_.end() ? path : file->second.c_str(), flags, mode);
  }
  Sys<struct stat> fstatat(int dir, const char* path, int flags, Times times) override {
    if (const auto error = errors_.find(path); error != errors_.end()) {
      return std::unexpected(Errno{error->second});
    }
    return real_.fstatat(dir, path, flags, times);
  }
  Sys<UniqueFd> pidfd_open(pid_t pid) override {
    if (pidfd_error_ != 0) return std::unexpected(Errno{pidfd_error_});
    return real_.pidfd_open(pid);
  }

 private:
  TempDir& dir_;
  std::map<std::string, std::string> files_;
  std::map<std::string, int> errors_;
  int pidfd_error_ = 0;
};

class LivenessTest : public testing::Test {
 protected:
  TempDir dir;
  ProcKernel kernel{dir};
  const pid_t pid = getpid();
  const std::string stat_path = "/proc/" + std::to_string(pid) + "/stat";
  const Process self = Process::of(pid).value();

  [[nodiscard]] Liveness look(const Process& process) { return Observer(kernel).look(process); }
  [[nodiscard]] Verdict verdict(const Process& process) { return look(process).verdict; }
  [[nodiscard]] Process with_start_time(std::uint64_t start_time) const {
    return Process::recorded(pid, start_time, self.boot_id(), self.pid_namespace()).value();
  }
};

/// /proc/PID/stat of a process in state `state`, of which `threads` are left.
std::string stat_of(pid_t pid, const std::string& command, char state, int threads, int start) {
  std::string line = std::to_string(pid) + " (" + command + ") " + state;
  for (int field = 4; field <= 52; ++field) {
    line += ' ' + std::to_string(field == 20 ? threads : field == 22 ? start : 0);
  }
  return line + '\n';
}

TEST_F(LivenessTest, AProcessIsIdentifiedByFourThings) {
  EXPECT_EQ(self.pid(), pid);
  EXPECT_TRUE(self.start_time());
  EXPECT_EQ(self.boot_id() + "\n", read_text("/proc/sys/kernel/random/boot_id"));
  struct stat own{};
  ASSERT_EQ(stat("/proc/self/ns/pid", &own), 0);
  EXPECT_EQ(self.pid_namespace(), own.st_ino);
  const auto found = self.liveness();
  EXPECT_EQ(found.verdict, Verdict::alive);
  EXPECT_FALSE(found.by_pid_alone);
}

TEST_F(LivenessTest, AnotherStartTimeIsAnotherProcess) {
  EXPECT_EQ(verdict(with_start_time(*self.start_time() + 1)), Verdict::dead);
}

TEST_F(LivenessTest, WithoutAStartTimeItIsAliveByItsPidAlone) {
  const auto found = look(Process::recorded(pid).value());
  EXPECT_EQ(found.verdict, Verdict::alive);
  EXPECT_TRUE(found.by_pid_alone);
}

TEST_F(LivenessTest, AnotherBootIsDeadWhateverHasThePidNow) {
  const auto before = Process::recorded(pid, self.start_time(), "an earlier boot").value();
  EXPECT_EQ(verdict(before), Verdict::dead);
}

TEST_F(LivenessTest, AnotherPidNamespaceIsUnknownEvenIfThePidIsFree) {
  const auto other = *self.pid_namespace() + 1;
  for (const pid_t of : {pid, pid_t{0x7fffffff}}) {
    const auto found = look(Process::recorded(of, 1, self.boot_id(), other).value());
    EXPECT_EQ(found.verdict, Verdict::unknown);
    EXPECT_NE(found.reason.find("another pid namespace"), std::string::npos) << found.reason;
  }
}

TEST_F(LivenessTest, TheStatesOfProcAreReadBehindTheLastParenthesis) {
  for (const std::string command : {"a) Z 1 (b", ") X 0 0", "(", ")))", " "}) {
    kernel.put(stat_path, stat_of(pid, command, 'S', 1, 77));
    EXPECT_EQ(verdict(with_start_time(77)), Verdict::alive) << command;
    EXPECT_EQ(verdict(with_start_time(78)), Verdict::dead) << command;
  }
}

TEST_F(LivenessTest, AZombieIsDeadUnlessOnlyItsMainThreadHasEnded) {
  const struct {
    char state;
    int threads;
    Verdict verdict;
  } cases[] = {{'Z', 1, Verdict::dead},  {'Z', 0, Verdict::dead},  {'X', 0, Verdict::dead},
               {'x', 1, Verdict::dead},  {'Z', 2, Verdict::alive}, {'T', 1, Verdict::alive},
               {'D', 1, Verdict::alive}, {'t', 1, Verdict::alive}};
  for (const auto& one : cases) {
    kernel.put(stat_path, stat_of(pid, "a", one.state, one.threads, 77));
    EXPECT_EQ(verdict(with_start_time(77)), one.verdict) << one.state << one.threads;
  }
}

TEST_F(LivenessTest, WhatCannotBeReadIsUnknown) {
  for (const int error : {EACCES, EMFILE, EIO}) {
    kernel.fail(stat_path, error);
    EXPECT_EQ(verdict(self), Verdict::unknown) << error;
    EXPECT_EQ(Observer(kernel).identify(pid).error().code, Errc::io);
  }
}

TEST_F(LivenessTest, AStatThatMakesNoSenseIsUnknown) {
  for (const std::string text : {"", "1", "1 (a)", "1 (a) ", "1 (a) S", "1 (a) S 1 2 3",
                                 "x (a) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"}) {
    kernel.put(stat_path, text);
    EXPECT_EQ(verdict(self), Verdict::unknown) << text;
  }
}

TEST_F(LivenessTest, AProcThatHidesTheProcessDoesNotMakeItDead) {
  kernel.fail(stat_path, ENOENT);
  const auto found = look(self);
  EXPECT_EQ(found.verdict, Verdict::unknown);
  EXPECT_EQ(Observer(kernel).identify(pid).error().code, Errc::unsupported);
  kernel.without_pidfds(ESRCH);
  EXPECT_EQ(verdict(self), Verdict::dead);
  kernel.without_pidfds(ENOSYS);
  EXPECT_EQ(verdict(self), Verdict::dead) << "then /proc is all there is to ask";
}

TEST_F(LivenessTest, AProcOfAnotherPidNamespaceIsNotBelieved) {
  kernel.put("/proc/self/stat", stat_of(pid + 1, "a", 'S', 1, 77));
  EXPECT_EQ(verdict(self), Verdict::unknown);
  EXPECT_EQ(Observer(kernel).identify(pid).error().code, Errc::unsupported);
}

TEST_F(LivenessTest, WithoutProcNothingIsKnown) {
  kernel.fail("/proc/self/stat", ENOENT);
  kernel.fail(stat_path, ENOENT);
  EXPECT_EQ(verdict(Process::recorded(pid).value()), Verdict::unknown);
}

TEST_F(LivenessTest, WithoutOnesOwnBootIdOrNamespaceTheNotedOnesSayNothing) {
  kernel.fail("/proc/sys/kernel/random/boot_id", EACCES);
  EXPECT_EQ(verdict(self), Verdict::unknown);
  EXPECT_EQ(verdict(Process::recorded(pid, self.start_time()).value()), Verdict::alive);
  kernel.fail("/proc/self/ns/pid", EACCES);
  EXPECT_EQ(verdict(Process::recorded(pid, self.start_time(), "", 1).value()), Verdict::unknown);
}

TEST(ProcessRecorded, RefusesWhatIsNoPid) {
  for (const pid_t pid : {0, -1, -4711}) {
    EXPECT_EQ(Process::recorded(pid).error().code, Errc::invalid_argument) << pid;
    EXPECT_EQ(Process::of(pid).error().code, Errc::invalid_argument) << pid;
  }
  EXPECT_EQ(Process::of(0x7fffffff).error().code, Errc::not_found);
}

TEST_F(LivenessTest, APidfdIsThatOfTheProcessAndSaysWhenItEnds) {
  Child child([] { return pause(); });
  const auto process = Process::of(child.pid()).value();
  const auto fd = oci::open_process(real_kernel(), process);
  ASSERT_TRUE(fd) << fd.error().message();
  EXPECT_NE(fcntl(fd->get(), F_GETFD) & FD_CLOEXEC, 0);
  pollfd ended{fd->get(), POLLIN, 0};
  EXPECT_EQ(poll(&ended, 1, 0), 0);
  child.signal(SIGKILL);
  EXPECT_EQ(poll(&ended, 1, 20000), 1);
}

TEST_F(LivenessTest, APidfdOfAnotherProcessIsNotHandedOut) {
  const auto start_time = *self.start_time() + 1;
  EXPECT_EQ(oci::open_process(kernel, with_start_time(start_time)).error().code, Errc::not_found);
}

TEST_F(LivenessTest, APidfdSaysWhyThereIsNone) {
  const std::pair<int, Errc> errors[] = {
      {ENOSYS, Errc::unsupported}, {ESRCH, Errc::not_found}, {EMFILE, Errc::io}};
  for (const auto& [error, code] : errors) {
    kernel.without_pidfds(error);
    EXPECT_EQ(oci::open_process(kernel, self).error().code, code) << error;
  }
}

TEST_F(LivenessTest, TheStatusToShowIsTheWrittenOneUnlessTheProcessIsDead) {
  const auto dead = with_start_time(*self.start_time() + 1);
  const auto unseen = Process::recorded(pid, 1, "", 1).value();
  const struct {
    std::string written;
    std::optional<Process> process;
    std::string shown;
  } cases[] = {
      {"", std::nullopt, ""},         {"", self, "running"},
      {"", dead, "stopped"},          {"", unseen, "unknown"},
      {"running", self, "running"},   {"running", dead, "stopped"},
      {"running", unseen, "running"}, {"running", std::nullopt, "running"},
      {"paused", dead, "stopped"},    {"created", dead, "stopped"},
      {"creating", dead, "stopped"},  {"stopped", self, "stopped"},
      {"frozen", dead, "frozen"},
  };
  for (const auto& one : cases) {
    oci::Summary summary;
    summary.status = one.written;
    summary.process = one.process;
    EXPECT_EQ(oci::status_of(Observer(kernel), summary), one.shown) << one.written;
  }
}

}  // namespace
}  // namespace latchfile::test
