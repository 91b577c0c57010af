// SPDX-License-Identifier: Apache-2.0
//
// States of containers whose processes are real: running, killed, reaped, replaced; and that only
// what is dead under the lock is written down as stopped.
#include <csignal>
#include <gtest/gtest.h>
#include <optional>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "latchfile/local.hpp"
#include "latchfile/oci.hpp"
#include "support/child.hpp"
#include "support/numbered_document.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using oci::Process;
using oci::State;
using Verdict = oci::Liveness::Verdict;

class ContainerProcess : public testing::Test {
 protected:
  const TempDir dir;
  const Store store = open_local(dir / "root").value();
  const ContainerId web = id_of("web");
  std::optional<Child> child;
  std::optional<Process> process;

  void SetUp() override {
    child.emplace([] { return pause(); });
    process = Process::of(child->pid()).value();
  }

  /// Kills the child, without reaping it.
  void kill_child() const {
    child->signal(SIGKILL);
    ASSERT_TRUE(eventually([&] { return verdict() != Verdict::alive; }));
  }
  [[nodiscard]] Verdict verdict() const { return process->liveness().verdict; }

  [[nodiscard]] static State running(const Process& of) {
    return State::creating({.id = "web", .bundle = "/b"})
        .value()
        .to_created(of)
        .value()
        .to_running()
        .value();
  }
  void store_running(const Process& of) const {
    ASSERT_TRUE(store.create(web, Wait::never(), running(of).document()));
  }
  [[nodiscard]] std::string stored() const { return store.load(web).value().document.bytes(); }
};

TEST_F(ContainerProcess, IsAliveUntilItIsKilledAndDeadBeforeAndAfterItIsReaped) {
  EXPECT_EQ(verdict(), Verdict::alive);
  kill_child();
  EXPECT_EQ(verdict(), Verdict::dead) << "a zombie";
  EXPECT_EQ(child->wait(), 128 + SIGKILL) << "it was no zombie";
  EXPECT_EQ(verdict(), Verdict::dead) << "reaped";
}

TEST_F(ContainerProcess, GoesOnWhenItsMainThreadEnds) {
  child.emplace([]() -> int {
    pthread_t other{};
    pthread_create(&other, nullptr, [](void*) -> void* { return pause(), nullptr; }, nullptr);
    // pthread_exit would unwind the test.
    syscall(SYS_exit, 0);
    return 1;
  });
  const auto stat = "/proc/" + std::to_string(child->pid()) + "/stat";
  ASSERT_TRUE(eventually([&] { return read_text(stat).find(") Z ") != std::string::npos; }));
  EXPECT_EQ(Process::of(child->pid()).value().liveness().verdict, Verdict::alive);
}

TEST_F(ContainerProcess, ThatIsAliveIsNotSettled) {
  store_running(*process);
  const auto before = stored();
  const auto state = oci::settle(store, web, Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_EQ(oci::to_string(state->status()), "running");
  EXPECT_EQ(oci::to_string(oci::effective_status(*state)), "running");
  EXPECT_EQ(stored(), before);
}

TEST_F(ContainerProcess, ThatIsDeadIsShownAsStoppedAndWrittenDownWhenAsked) {
  store_running(*process);
  const auto before = stored();
  kill_child();
  const auto shown = State::parse(store.load(web).value().document).value();
  EXPECT_EQ(oci::to_string(oci::effective_status(shown)), "stopped");
  EXPECT_EQ(stored(), before) << "looking writes nothing";

  const auto settled = oci::settle(store, web, Wait::never());
  ASSERT_TRUE(settled) << settled.error().message();
  EXPECT_TRUE(std::holds_alternative<oci::Stopped>(settled->status()));
  EXPECT_EQ(stored(), settled->document().bytes());
  EXPECT_EQ(stored(), R"({"ociVersion":"1.0.2","id":"web","status":"stopped","bundle":"/b"})");
  EXPECT_TRUE(oci::settle(store, web, Wait::never())) << "once more is fine";
}

TEST_F(ContainerProcess, WhosePidWasGivenAwayOrIsOfAnotherBootIsSettledToo) {
  const auto reused = Process::recorded(process->pid(), *process->start_time() + 1,
                                        process->boot_id(), process->pid_namespace());
  const auto rebooted = Process::recorded(process->pid(), process->start_time(), "earlier boot",
                                          process->pid_namespace());
  for (const auto& gone : {*reused, *rebooted}) {
    store_running(gone);
    const auto settled = oci::settle(store, web, Wait::never());
    ASSERT_TRUE(settled) << settled.error().message();
    EXPECT_TRUE(std::holds_alternative<oci::Stopped>(settled->status()));
    ASSERT_TRUE(std::move(store.lock(web, Wait::never()).value()).destroy());
  }
}

TEST_F(ContainerProcess, ThatCannotBeSeenIsLeftAsItIs) {
  const auto elsewhere =
      Process::recorded(process->pid(), 1, process->boot_id(), *process->pid_namespace() + 1);
  store_running(*elsewhere);
  const auto state = oci::settle(store, web, Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_TRUE(std::holds_alternative<oci::Running>(state->status()));
}

TEST_F(ContainerProcess, ThatWasStartedAnewWhileTheLockWasWaitedForIsNotSettled) {
  kill_child();
  store_running(*process);
  auto guard = store.lock(web, Wait::never());
  ASSERT_TRUE(guard);
  Child settler([&] {
    const auto state = oci::settle(store, web, Wait::forever());
    return state && std::holds_alternative<oci::Running>(state->status()) ? 0 : 1;
  });
  // Seen dead without the lock, it now waits for the lock.
  ASSERT_TRUE(eventually([&] { return is_sleeping(settler.pid()); }));
  const Child anew([] { return pause(); });
  const auto again = running(Process::of(anew.pid()).value());
  ASSERT_TRUE(guard->save(again.document()));
  {
    const auto released = std::move(*guard);
  }
  EXPECT_EQ(settler.wait(), 0);
  EXPECT_EQ(stored(), again.document().bytes());
}

TEST_F(ContainerProcess, IsNotSettledWithoutTheLock) {
  kill_child();
  store_running(*process);
  const auto before = stored();
  Child holder([&] {
    const auto guard = store.lock(web, Wait::never());
    raise(SIGSTOP);
    return guard ? 0 : 1;
  });
  const auto stat = "/proc/" + std::to_string(holder.pid()) + "/stat";
  ASSERT_TRUE(eventually([&] { return read_text(stat).find(") T ") != std::string::npos; }));
  EXPECT_EQ(oci::settle(store, web, Wait::never()).error().code, Errc::locked);
  EXPECT_EQ(stored(), before);
}

TEST_F(ContainerProcess, OfADocumentThatIsNoStateIsNotTouched) {
  const auto text = R"({"pid":2147483647,"status":"running"})";
  ASSERT_TRUE(store.create(web, Wait::never(), Document::parse(text).value()));
  const auto settled = oci::settle(store, web, Wait::never());
  EXPECT_EQ(settled.error().code, Errc::invalid_argument);
  EXPECT_EQ(settled.error().context, "web: not an OCI state: it has no ociVersion");
  EXPECT_EQ(stored(), text);
  EXPECT_EQ(oci::settle(store, id_of("db"), Wait::never()).error().code, Errc::not_found);
}

TEST_F(ContainerProcess, GoesThroughItsLifeUnderTheLock) {
  const auto first = State::creating({.id = "web", .bundle = "/b"}).value();
  ASSERT_TRUE(store.create(web, Wait::never(), first.document()));
  const auto wait = Wait::never();
  const auto created =
      oci::update(store, web, wait, [&](const State& now) { return now.to_created(*process); });
  ASSERT_TRUE(created) << created.error().message();
  ASSERT_TRUE(oci::update(store, web, wait, &State::to_running));
  const auto paused = oci::update(store, web, wait, &State::to_paused);
  ASSERT_TRUE(paused);
  EXPECT_EQ(stored(), paused->document().bytes());
  const auto refused = oci::update(store, web, wait, &State::to_paused);
  EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  EXPECT_EQ(stored(), paused->document().bytes());
}

}  // namespace
}  // namespace latchfile::test
