// SPDX-License-Identifier: Apache-2.0
//
// Waiting for a container on kernels that tell less, or of a moment that the test chooses.
#include "oci/wait_for.hpp"

#include <cerrno>
#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <set>
#include <unistd.h>

#include "local/local_backend.hpp"
#include "support/child.hpp"
#include "support/numbered_document.hpp"
#include "support/passing_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using oci::Seen;

class ScriptedKernel final : public PassingKernel {
 public:
  int pidfd_error = 0;
  int poll_error = 0;
  std::set<Clock::time_point> deadlines;  ///< until which it slept; more than one if it looks again
  std::function<void()> before_poll;
  std::function<void()> before_notes;  ///< are read

  Sys<std::size_t> read(int fd, char* into, std::size_t bytes) override {
    if (fd == inotify_ && before_notes) before_notes();
    return PassingKernel::read(fd, into, bytes);
  }
  Sys<UniqueFd> inotify_init1(int flags) override {
    auto fd = PassingKernel::inotify_init1(flags);
    if (fd) inotify_ = fd->get();
    return fd;
  }
  Sys<UniqueFd> pidfd_open(pid_t pid) override {
    if (pidfd_error != 0) return std::unexpected(Errno{pidfd_error});
    return PassingKernel::pidfd_open(pid);
  }
  Sys<std::size_t> poll(std::span<pollfd> fds, Clock::time_point deadline) override {
    if (fds.size() == 2) {  // the wait's own
      deadlines.insert(deadline);
      if (before_poll) std::exchange(before_poll, {})();
      if (poll_error != 0) return std::unexpected(Errno{std::exchange(poll_error, 0)});
    }
    return PassingKernel::poll(fds, deadline);
  }

 private:
  int inotify_ = -1;
};

class WaitForTest : public testing::Test {
 protected:
  TempDir dir;
  ScriptedKernel kernel;
  const Store store{std::make_shared<const LocalBackend>(kernel, dir / "root", LocalOptions())};
  const ContainerId web = id_of("web");
  Child process{[] { return pause(); }};
  const std::string running = R"({"status":"running","pid":)" + std::to_string(process.pid()) + "}";

  void save(const std::string& text) const {
    if (store.create(web, Wait::never(), document_of(text))) return;
    ASSERT_TRUE(store.update(web, Wait::never(), [&](const Snapshot&) -> Result<Document> {
      return document_of(text);
    }));
  }
  Result<Seen> wait_for_status(const std::string& status,
                               Wait wait = Wait::at_most(std::chrono::seconds(20))) {
    return oci::wait_for(kernel, store, web, wait,
                         [&](const Seen& now) -> Result<bool> { return now.status == status; });
  }
};

TEST_F(WaitForTest, ReturnsWhatItSaw) {
  save(running);
  const auto seen = wait_for_status("running", Wait::never());
  ASSERT_TRUE(seen) << seen.error().message();
  EXPECT_EQ((*seen->state)->document.bytes(), running);
  EXPECT_EQ(kernel.deadlines.size(), 0U);
}

TEST_F(WaitForTest, SeesAnEndThatComesJustBeforeItSleeps) {
  save(running);
  kernel.before_poll = [&] { process.signal(SIGKILL); };
  EXPECT_TRUE(wait_for_status("stopped"));
}

TEST_F(WaitForTest, SeesAChangeThatComesJustBeforeItSleeps) {
  save(running);
  kernel.before_poll = [&] { save(R"({"status":"paused"})"); };
  EXPECT_TRUE(wait_for_status("paused"));
  EXPECT_EQ(kernel.deadlines.size(), 1U);
}

TEST_F(WaitForTest, WithoutPidfdsLooksNowAndThen) {
  for (const int error : {ENOSYS, EMFILE}) {
    save(running);
    kernel.pidfd_error = error;
    Child other([] { return pause(); });
    save(R"({"status":"running","pid":)" + std::to_string(other.pid()) + "}");
    kernel.before_poll = [&] { other.signal(SIGKILL); };
    kernel.deadlines.clear();
    const auto soon = kernel.now() + std::chrono::seconds(10);
    EXPECT_TRUE(wait_for_status("stopped"));
    // What others do around the root may wake it as well, and would hide a sleep to the end.
    EXPECT_LT(*kernel.deadlines.begin(), soon);
  }
}

TEST_F(WaitForTest, SleepsForAProcessThatHasAPidfd) {
  save(running);
  EXPECT_EQ(wait_for_status("stopped", Wait::at_most(std::chrono::milliseconds(100))).error().code,
            Errc::timed_out);
  EXPECT_EQ(kernel.deadlines.size(), 1U) << "it looks again and again";
}

TEST_F(WaitForTest, GoesOnOnceTheProcessIsGone) {
  save(running);
  process.signal(SIGKILL);
  process.wait();
  kernel.before_poll = [&] { save(R"({"status":"creating"})"); };
  EXPECT_TRUE(wait_for_status("creating"));
  EXPECT_EQ(kernel.deadlines.size(), 1U);
}

TEST_F(WaitForTest, OfAContainerThatComesAndGoes) {
  const auto absent = [](const Seen& now) -> Result<bool> { return !now.state; };
  ASSERT_TRUE(oci::wait_for(kernel, store, web, Wait::never(), absent));
  save(running);
  kernel.before_poll = [&] {
    ASSERT_TRUE(std::move(store.lock(web, Wait::never()).value()).destroy());
  };
  const auto seen = oci::wait_for(kernel, store, web, Wait::forever(), absent);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->status, "");
}

TEST_F(WaitForTest, AsksWhileAWriterNeverRests) {
  constexpr int most_changes = 1000;
  int changes = 0;
  save("{}");
  kernel.before_notes = [&] {
    if (++changes < most_changes) write_text(dir / "root/web.state", numbered(changes).bytes());
  };
  int asked = 0;
  const auto five_times = [&](const Seen&) -> Result<bool> { return ++asked == 5; };
  ASSERT_TRUE(oci::wait_for(kernel, store, web, Wait::forever(), five_times));
  EXPECT_LT(changes, most_changes);
}

TEST_F(WaitForTest, LooksAgainAtWhatCannotBeRead) {
  save("{}");
  write_text(dir / "root/web.state", "{");
  int asked = 0;
  const auto seen =
      oci::wait_for(kernel, store, web, Wait::forever(), [&](const Seen& now) -> Result<bool> {
        EXPECT_EQ(now.state->error().code, Errc::corrupt);
        return ++asked == 3;
      });
  EXPECT_TRUE(seen);
}

TEST_F(WaitForTest, GoesOnAfterASignalAndFailsWithPoll) {
  save(running);
  kernel.poll_error = EINTR;
  kernel.before_poll = [&] { save(R"({"status":"paused"})"); };
  EXPECT_TRUE(wait_for_status("paused"));
  kernel.poll_error = ENOMEM;
  EXPECT_EQ(wait_for_status("stopped").error().sys_errno, ENOMEM);
}

TEST_F(WaitForTest, FailsWhereNothingCanBeWatched) {
  write_text(dir / "root", "");
  EXPECT_EQ(wait_for_status("stopped").error().code, Errc::io);
}

}  // namespace
}  // namespace latchfile::test
