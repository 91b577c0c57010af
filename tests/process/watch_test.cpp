// SPDX-License-Identifier: Apache-2.0
//
// A watch beside many writers: whatever they do, and however much of it is merged, what was told
// last of each container is what is stored.
#include <array>
#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "latchfile/local.hpp"
#include "process/shared.hpp"
#include "process/storm.hpp"
#include "support/child.hpp"
#include "support/followed.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

class WatchedStorm : public testing::Test {
 protected:
  static constexpr int ids = 5;
  static constexpr int writers = 4;

  const TempDir dir;
  const std::string root = dir / "root";
  const Store store = open_local(root, {.durability = Durability::unsafe_on_power_cut}).value();
  std::array<Shared<Storm>, ids> storms;

  [[nodiscard]] static ContainerId id(int number) { return id_of("c" + std::to_string(number)); }

  /// Each writer blows all storms in turn, so that all of them are at each at once.
  std::vector<Child> start(long rounds) {
    for (auto& storm : storms)
      storm->rounds_left = rounds;
    std::vector<Child> children;
    for (int writer = 0; writer < writers; ++writer) {
      children.emplace_back([this] {
        for (int number = 0; number < ids; ++number)
          storms[static_cast<std::size_t>(number)]->blow(store, id(number));
        return 0;
      });
    }
    return children;
  }

  /// Follows until `children` have ended, and then until there is nothing more to tell.
  static void follow(Watch& watch, Followed& followed, std::vector<Child>& children) {
    std::atomic<bool> ended = false;
    const std::jthread waiter([&] {
      for (auto& child : children)
        EXPECT_EQ(child.wait(), 0);
      ended = true;
    });
    while (!ended) {
      const auto events = watch.next(Wait::at_most(std::chrono::milliseconds(20)));
      ASSERT_TRUE(events) << events.error().message();
      for (const auto& event : *events)
        followed.take(event);
    }
    EXPECT_EQ(followed.take_all(watch), "");
  }
};

TEST_F(WatchedStorm, IsToldToItsEnd) {
  auto watch = store.watch().value();
  auto some = store.watch({id(0), id(3)}).value();
  Followed followed;
  auto children = start(1'000);
  follow(watch, followed, children);
  EXPECT_EQ(followed.view(), view_of(store));
  EXPECT_EQ(followed.fault(), "");

  Followed followed_later;  // by a watch that was not asked all the while
  EXPECT_EQ(followed_later.take_all(some), "");
  auto expected = view_of(store);
  std::erase_if(expected,
                [](const auto& each) { return each.first != "c0" && each.first != "c3"; });
  EXPECT_EQ(followed_later.view(), expected);
}

TEST_F(WatchedStorm, OfRootsThatComeAndGoIsToldToItsEnd) {
  namespace fs = std::filesystem;
  auto watch = store.watch().value();
  Followed followed;
  std::vector<Child> children;
  children.emplace_back([this] {
    for (int round = 0; round < 300; ++round) {
      if (!store.create(id(round % ids), Wait::never(), numbered(round))) {
        static_cast<void>(store.update(id(round % ids), Wait::never(), increment));
      }
      const auto aside = fs::path(dir / std::to_string(round));
      if (round % 3 == 0) fs::rename(root, aside);
      if (round % 6 == 0) fs::rename(aside, root);
      if (round % 20 == 1) fs::remove_all(root);
    }
    return 0;
  });
  follow(watch, followed, children);
  EXPECT_EQ(followed.view(), view_of(store));
  EXPECT_EQ(followed.fault(), "");
}

}  // namespace
}  // namespace latchfile::test
