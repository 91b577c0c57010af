// SPDX-License-Identifier: Apache-2.0
//
// latchfile lock when processes are killed, leave children behind or get signals: a command never
// goes on without the lock, and the lock never outlives the command.
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <unistd.h>

#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;

class LockDeath : public Cli {
 protected:
  void SetUp() override { create("web", "{}"); }

  [[nodiscard]] Child lock_around(const std::string& script) const {
    return Child(std::vector<std::string>{LATCHFILE_BINARY, "--root", root, "lock", "web", "--",
                                          "sh", "-c",
                                          "cd '" + dir.path().string() + "' && " + script});
  }
};

/// A process of a test that is nobody's child any more; killed at the end.
class Stray {
 public:
  explicit Stray(pid_t pid) : pid_(pid) {}
  Stray(const Stray&) = delete;
  Stray& operator=(const Stray&) = delete;
  ~Stray() { kill(pid_, SIGKILL); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool has_open(const std::string& file) const {
    for (const auto& fd : fs::directory_iterator("/proc/" + std::to_string(pid_) + "/fd")) {
      std::error_code gone;
      if (fs::read_symlink(fd.path(), gone) == file) return true;
    }
    return false;
  }

 private:
  pid_t pid_;
};

TEST_F(LockDeath, OfLatchfileIsTheCommandsToo) {
  Holder holder(dir, root, "web");
  holder.signal(SIGKILL);
  holder.wait();
  EXPECT_TRUE(eventually([&] { return has_ended(holder.command_pid()); }));
  EXPECT_TRUE(eventually([&] { return is_free(path_of("web.lock")); }));
  EXPECT_THAT(latchfile({"lock", "web", "--nonblock", "--", "true"}), succeeds());
}

// The command writes without end. What it still writes when somebody else has the lock would be
// unprotected.
TEST_F(LockDeath, DoesNotFreeTheLockBeforeTheCommandIsDead) {
  for (int round = 0; round < 10; ++round) {
    const auto log = dir / "log";
    auto holder = lock_around("echo $$ >pid && while :; do echo x; done >>log");
    const Stray command(pid_in(dir / "pid"));
    ASSERT_TRUE(eventually([&] { return fs::exists(log) && fs::file_size(log) > 0; }));

    const int lock = open(path_of("web.lock").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_GE(lock, 0);
    ASSERT_NE(flock(lock, LOCK_EX | LOCK_NB), 0) << "the command runs without the lock";
    holder.signal(SIGKILL);
    const bool taken = eventually([&] { return flock(lock, LOCK_EX | LOCK_NB) == 0; });
    const auto written = fs::file_size(log);
    ASSERT_TRUE(taken);
    EXPECT_TRUE(eventually([&] { return has_ended(command.pid()); }));
    EXPECT_EQ(fs::file_size(log), written);
    close(lock);
    fs::remove(dir / "pid");
  }
}

TEST_F(LockDeath, OfTheCommandFreesTheLockThatItsDaemonHasOpen) {
  auto holder = lock_around(
      "mkfifo started && "
      "{ setsid sh -c 'echo $$ >started; exec sleep 600' & } && "
      "read pid <started && echo $pid >daemon");
  const Stray daemon(pid_in(dir / "daemon"));
  EXPECT_EQ(holder.wait(), 0);
  EXPECT_FALSE(has_ended(daemon.pid()));
  EXPECT_TRUE(daemon.has_open(path_of("web.lock"))) << "else this test shows nothing";
  EXPECT_TRUE(is_free(path_of("web.lock")));
  EXPECT_THAT(latchfile({"delete", "web", "--nonblock"}), succeeds());
}

TEST_F(LockDeath, OfTheCommandBySignalFreesTheLock) {
  Holder holder(dir, root, "web");
  kill(holder.command_pid(), SIGKILL);
  EXPECT_EQ(holder.wait(), 128 + SIGKILL);
  EXPECT_TRUE(is_free(path_of("web.lock")));
}

TEST_F(LockDeath, SignalsArePassedOnToTheCommand) {
  for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM}) {
    SCOPED_TRACE(strsignal(number));
    // A shell runs the trap at once while it waits for a child, and only then.
    auto holder = lock_around(
        "trap 'kill $!; exit 42' HUP INT QUIT TERM; sleep 600 & "
        "echo $$ >pid; wait");
    static_cast<void>(pid_in(dir / "pid"));
    holder.signal(number);
    EXPECT_EQ(holder.wait(), 42);
    EXPECT_TRUE(is_free(path_of("web.lock")));
    fs::remove(dir / "pid");
  }
}

TEST_F(LockDeath, ACommandThatIgnoresASignalKeepsTheLock) {
  auto holder =
      lock_around("trap '' TERM; mkfifo never; exec 3<>never; echo $$ >pid; read line <&3");
  const auto command = pid_in(dir / "pid");
  holder.signal(SIGTERM);
  EXPECT_THAT(latchfile({"lock", "web", "--timeout", "0.05", "--", "true"}),
              fails_saying(5, "is still held by pid " + std::to_string(holder.pid())));
  EXPECT_FALSE(has_ended(command));
}

TEST_F(LockDeath, OfAnUpdateIsItsFiltersTooAndSavesNothing) {
  Child update(std::vector<std::string>{
      LATCHFILE_BINARY, "--root", root, "update", "web", "--", "sh", "-c",
      "cd '" + dir.path().string() +
          "' && mkfifo never && exec 3<>never && echo $$ >pid && read l <&3"});
  const Stray filter(pid_in(dir / "pid"));
  update.signal(SIGTERM);
  EXPECT_EQ(update.wait(), 128 + SIGTERM);
  EXPECT_TRUE(eventually([&] { return has_ended(filter.pid()); }));
  EXPECT_THAT(latchfile({"state", "web"}), prints("{}"));
  EXPECT_TRUE(is_free(path_of("web.lock")));
}

}  // namespace
}  // namespace latchfile::test
