// SPDX-License-Identifier: Apache-2.0
//
// What follows a failure: the guard that could not save knows what is stored and saves again, and
// what could not be made durable is not taken for durable afterwards.
#include <algorithm>
#include <cerrno>
#include <gtest/gtest.h>

#include "fault/operations.hpp"
#include "latchfile/local.hpp"
#include "local/local_backend.hpp"
#include "posix/real_kernel.hpp"
#include "support/fault_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using Call = FaultKernel::Call;

class AfterAFailure : public testing::Test {
 protected:
  Store open(const std::filesystem::path& root) {
    return Store(std::make_shared<const LocalBackend>(kernel_, root.string(), LocalOptions()));
  }
  /// The number, from 1, of the first call that `matches` in what `action` does.
  template <class Matches>
  std::size_t find_call(const std::function<void()>& action, Matches matches) {
    kernel_.arm();
    action();
    const auto calls = kernel_.calls();
    const auto found = std::ranges::find_if(calls, matches);
    return static_cast<std::size_t>(found - calls.begin()) + 1;
  }

  TempDir parent_{"/dev/shm"};
  FaultKernel kernel_{real_kernel()};
  const ContainerId id_ = ContainerId::parse(subject).value();
  const Document old_ = Document::parse(old_text).value();
  const Document new_ = Document::parse(new_text).value();
};

TEST_F(AfterAFailure, TheGuardKnowsWhatIsStoredAndSavesAgain) {
  const auto store = open(parent_.path() / "root");
  ASSERT_TRUE(store.create(id_, Wait::never(), old_));
  std::size_t faults = 0;
  for (std::size_t nth = 1;; ++nth) {
    SCOPED_TRACE("call " + std::to_string(nth));
    auto state = store.lock(id_, Wait::never());
    ASSERT_TRUE(state) << state.error().message();
    ASSERT_TRUE(state->save(old_));
    kernel_.arm(FaultKernel::Fault{nth, EIO});
    const auto saved = state->save(new_);
    const bool was_hit = kernel_.hit().has_value();
    kernel_.disarm();
    const auto stored = store.load(id_);
    ASSERT_TRUE(stored) << stored.error().message();
    EXPECT_EQ(state->current().document.bytes(), stored->document.bytes());
    EXPECT_EQ(store.lock(id_, Wait::never()).error().code, Errc::deadlock) << "the lock is gone";
    ASSERT_TRUE(state->save(new_));
    EXPECT_EQ(store.load(id_)->document, new_);
    if (!was_hit) break;
    ++faults;
  }
  EXPECT_GE(faults, 8u);
}

TEST_F(AfterAFailure, ARootThatCouldNotBeSyncedIsSyncedBeforeTheNextCreate) {
  const auto parent = parent_.path().string();
  const auto is_sync_of_parent = [&](const FaultKernel::Record& call) {
    return call.call == Call::fsync && call.name == parent;
  };
  const auto nth = find_call(
      [&] { ASSERT_TRUE(open(parent_.path() / "probe").create(id_, Wait::never(), old_)); },
      is_sync_of_parent);

  const auto store = open(parent_.path() / "root");
  kernel_.arm(FaultKernel::Fault{nth, EIO});
  EXPECT_EQ(store.create(id_, Wait::never(), old_).error().code, Errc::io);
  ASSERT_TRUE(is_sync_of_parent(kernel_.hit().value()));

  // The root is there now, but a power cut may take it away with everything in it.
  kernel_.arm();
  ASSERT_TRUE(store.create(id_, Wait::never(), old_));
  EXPECT_TRUE(std::ranges::any_of(kernel_.calls(), is_sync_of_parent));
}

/// S5 and D2 need a descriptor that can be synced. Whoever cannot have one, because he has too many
/// or may not read the root, must learn it while nothing is changed yet.
bool opens_root(const FaultKernel::Record& call) {
  return call.call == Call::openat && call.name == ".";
}

TEST_F(AfterAFailure, ASaveThatCannotOpenTheRootChangesNothing) {
  const auto store = open(parent_.path() / "root");
  ASSERT_TRUE(store.create(id_, Wait::never(), old_));
  auto state = store.lock(id_, Wait::never());
  ASSERT_TRUE(state);
  const auto nth = find_call([&] { ASSERT_TRUE(state->save(old_)); }, opens_root);
  kernel_.arm(FaultKernel::Fault{nth, EMFILE});
  const auto saved = state->save(new_);
  ASSERT_TRUE(opens_root(kernel_.hit().value()));
  kernel_.disarm();
  ASSERT_FALSE(saved);
  EXPECT_EQ(to_string(saved.error().code), "io") << saved.error().message();
  EXPECT_EQ(store.load(id_)->document, old_);
}

TEST_F(AfterAFailure, ADestroyThatCannotOpenTheRootChangesNothing) {
  const auto store = open(parent_.path() / "root");
  const auto destroy = [&] {
    ASSERT_TRUE(store.create(id_, Wait::never(), old_));
    auto state = store.lock(id_, Wait::never());
    ASSERT_TRUE(state);
    kernel_.arm();
    ASSERT_TRUE(std::move(*state).destroy());
  };
  const auto nth = find_call(destroy, opens_root);
  ASSERT_TRUE(store.create(id_, Wait::never(), old_));
  auto state = store.lock(id_, Wait::never());
  kernel_.arm(FaultKernel::Fault{nth, EMFILE});
  const auto destroyed = std::move(*state).destroy();
  ASSERT_TRUE(opens_root(kernel_.hit().value()));
  kernel_.disarm();
  ASSERT_FALSE(destroyed);
  EXPECT_EQ(to_string(destroyed.error().code), "io") << destroyed.error().message();
  EXPECT_TRUE(store.load(id_));
}

}  // namespace
}  // namespace latchfile::test
