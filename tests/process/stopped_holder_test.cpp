// SPDX-License-Identifier: Apache-2.0
//
// A holder that hangs, here because it was stopped: it holds up whoever wants its lock, says so,
// and holds up nobody else (I6).
#include <atomic>
#include <csignal>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/numbered_document.hpp"
#include "latchfile/local.hpp"
#include "process/shared.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The letter of proc(5): T of a process that is stopped.
char run_state(pid_t pid) {
  const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
  return stat[stat.rfind(')') + 2];
}

class StoppedHolder : public testing::Test {
 protected:
  const TempDir dir;
  const Store store = open_local(dir / "root").value();
  const ContainerId web = id_of("web");
  std::optional<Child> holder;

  void SetUp() override {
    ASSERT_TRUE(store.create(web, Wait::never(), numbered(1)));
    holder.emplace([&] {
      auto state = store.lock(web, Wait::never());
      if (!state) return 1;
      raise(SIGSTOP);
      return state->save(numbered(2)) ? 0 : 1;
    });
    ASSERT_TRUE(eventually([&] { return run_state(holder->pid()) == 'T'; }));
  }
};

TEST_F(StoppedHolder, HoldsUpNoReader) {
  EXPECT_EQ(store.load(web, Wait::forever())->document, numbered(1));
  EXPECT_THAT(store.list().value(), ElementsAre(web));
  EXPECT_EQ(store.load_all()->at(0).state->document, numbered(1));
  EXPECT_EQ(store.resolve("w").value(), web);
}

TEST_F(StoppedHolder, IsNamedToWhoeverGivesUp) {
  const auto who = "held by pid " + std::to_string(holder->pid()) + " (";
  for (const auto wait : {Wait::never(), Wait::at_most(std::chrono::milliseconds(50))}) {
    const auto refused = store.lock(web, wait);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, wait.is_never() ? Errc::locked : Errc::timed_out);
    EXPECT_THAT(refused.error().message(), HasSubstr(who));
  }
  const auto holders = store.locks().value();
  ASSERT_EQ(holders.size(), 1U);
  EXPECT_EQ(holders[0].id, web);
  EXPECT_EQ(holders[0].pid, holder->pid());
}

TEST_F(StoppedHolder, IsWaitedForUntilItGoesOn) {
  const Shared<std::atomic<bool>> acquired;
  Child waiter([&] {
    auto state = store.lock(web, Wait::forever());
    *acquired = true;
    return state && state->current().document == numbered(2) ? 0 : 1;
  });
  ASSERT_TRUE(eventually([&] { return is_sleeping(waiter.pid()); }));
  EXPECT_FALSE(*acquired);
  holder->signal(SIGCONT);
  EXPECT_EQ(holder->wait(), 0);
  EXPECT_EQ(waiter.wait(), 0) << "it must find what the holder saved";
}

TEST_F(StoppedHolder, GivesTheLockUpWhenItIsKilled) {
  holder->signal(SIGKILL);
  EXPECT_EQ(holder->wait(), 128 + SIGKILL);
  const auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(state->current().document, numbered(1));
}

}  // namespace
}  // namespace latchfile::test
