// SPDX-License-Identifier: Apache-2.0
//
// I1 over processes, by a witness that is not Latchfile's own; and what readers see meanwhile (I2,
// I6).
#include "process/storm.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/blind_kernel.hpp"
#include "latchfile/local.hpp"
#include "local/local_backend.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

constexpr int processes = 4;

class StormTest : public testing::Test {
 protected:
  const TempDir dir;
  const ContainerId id = id_of("pod1/web");
  const Shared<Storm> storm;

  std::vector<Child> start(const Store& store, long rounds) {
    storm->rounds_left = rounds;
    std::vector<Child> children;
    for (int i = 0; i < processes; ++i) {
      children.emplace_back([&] {
        storm->blow(store, id);
        return 0;
      });
    }
    return children;
  }

  static void wait_for(std::vector<Child>& children) {
    for (auto& child : children)
      EXPECT_EQ(child.wait(), 0);
  }

  void expect_exclusion() const {
    EXPECT_EQ(storm->witness.overlaps, 0) << "of " << storm->witness.entered;
    EXPECT_EQ(storm->witness.inside, 0);
    EXPECT_EQ(storm->unexpected, 0);
    // It was a storm.
    EXPECT_GT(storm->created, 0);
    EXPECT_GT(storm->saved, 0);
    EXPECT_GT(storm->destroyed, 0);
  }
};

TEST_F(StormTest, NeverLetsTwoIn) {
  const auto store =
      open_local(dir / "root", {.durability = Durability::unsafe_on_power_cut}).value();
  auto children = start(store, 10'000);
  wait_for(children);
  expect_exclusion();
}

TEST_F(StormTest, NeverLetsTwoInWithFullDurability) {
  const auto store = open_local(dir / "root").value();
  auto children = start(store, 400);
  wait_for(children);
  expect_exclusion();
}

TEST_F(StormTest, NeverLetsTwoInWhereLockFilesAreKept) {
  const auto store = open_local(dir / "root", {.durability = Durability::unsafe_on_power_cut,
                                               .keep_lock_files = true})
                         .value();
  auto children = start(store, 5'000);
  wait_for(children);
  expect_exclusion();
  EXPECT_THAT(names_in(dir / "root"), testing::Contains("web_sandbox:pod1.lock"));
}

// Without L3 the witness finds two inside: it can bite, and L3 is what keeps it from doing so.
TEST_F(StormTest, LetsTwoInWithoutL3) {
  BlindKernel kernel;
  const Store store(std::make_shared<const LocalBackend>(
      kernel, dir / "root", LocalOptions{.durability = Durability::unsafe_on_power_cut}));
  auto children = start(store, 10'000'000);
  EXPECT_TRUE(eventually([&] { return storm->witness.overlaps > 0; }, std::chrono::minutes(2)));
  storm->rounds_left = 0;
  wait_for(children);
}

struct Readings {
  std::atomic<bool> stop = false;
  std::atomic<long> documents = 0;
  std::atomic<long> absences = 0;
  std::atomic<long> failures = 0;

  void take(const Result<Snapshot>& found) {
    if (found) {
      ++(number_in(found->document) ? documents : failures);
    } else {
      ++(found.error().code == Errc::not_found ? absences : failures);
    }
  }
};

TEST_F(StormTest, NeverDisturbsReaders) {
  const auto store =
      open_local(dir / "root", {.durability = Durability::unsafe_on_power_cut}).value();
  const auto steady = id_of("steady");
  ASSERT_TRUE(store.create(steady, Wait::never(), numbered(1)));
  const Shared<Readings> readings;
  Child reader([&] {
    while (!readings->stop) {
      readings->take(store.load(id, Wait::never()));
      const auto ids = store.list();
      if (!ids || std::ranges::find(*ids, steady) == ids->end()) ++readings->failures;
      const auto entries = store.load_all();
      if (!entries) ++readings->failures;
      for (const auto& entry : entries.value_or(std::vector<LoadedEntry>())) {
        readings->take(entry.state);
      }
    }
    return 0;
  });
  auto children = start(store, 5'000);
  wait_for(children);
  readings->stop = true;
  EXPECT_EQ(reader.wait(), 0);
  expect_exclusion();
  EXPECT_EQ(readings->failures, 0);
  EXPECT_GT(readings->documents, 0);
}

}  // namespace
}  // namespace latchfile::test
