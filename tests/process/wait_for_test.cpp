// SPDX-License-Identifier: Apache-2.0
//
// Waiting for the end of a real process.
#include <csignal>
#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

#include "latchfile/local.hpp"
#include "latchfile/oci.hpp"
#include "support/child.hpp"
#include "support/numbered_document.hpp"
#include "support/running_state.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

class WaitedFor : public testing::Test {
 protected:
  const TempDir dir;
  const Store store = open_local(dir / "root").value();
  const ContainerId web = id_of("web");

  void create_running(pid_t pid) const {
    const auto state = running_state(oci::Process::of(pid).value());
    ASSERT_TRUE(store.create(web, Wait::never(), state.document()));
  }
  static Result<bool> is_stopped(const oci::Seen& now) { return now.status == "stopped"; }
};

TEST_F(WaitedFor, TheEndOfAProcessIsSeenByManyAtOnce) {
  Child process([] { return pause(); });
  create_running(process.pid());
  std::vector<Child> waiters;
  for (int i = 0; i < 20; ++i) {
    waiters.emplace_back([&] {
      const auto seen = oci::wait_for(store, web, Wait::forever(), is_stopped);
      return seen && seen->status == "stopped" ? 0 : 1;
    });
  }
  for (const auto& waiter : waiters)
    ASSERT_TRUE(eventually([&] { return is_sleeping(waiter.pid()); }));
  process.signal(SIGKILL);
  for (auto& waiter : waiters)
    EXPECT_EQ(waiter.wait(), 0);
}

TEST_F(WaitedFor, AProcessThatLivesIsNotStopped) {
  const Child process([] { return pause(); });
  create_running(process.pid());
  const auto seen =
      oci::wait_for(store, web, Wait::at_most(std::chrono::milliseconds(5)), is_stopped);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().code, Errc::timed_out);
}

TEST_F(WaitedFor, TheErrorOfTheConditionEndsTheWait) {
  const auto seen = oci::wait_for(store, web, Wait::forever(), [](const oci::Seen& now) {
    return now.state ? Result<bool>(true)
                     : std::unexpected(Error{Errc::not_found, 0, "it is not there"});
  });
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().context, "it is not there");
}

}  // namespace
}  // namespace latchfile::test
