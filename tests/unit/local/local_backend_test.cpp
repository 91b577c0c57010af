// SPDX-License-Identifier: Apache-2.0
//
// What the directory does that the contract of a backend does not ask for: files, options, fork.
#include "local/local_backend.hpp"

#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "posix/lock_holder.hpp"
#include "posix/real_kernel.hpp"
#include "support/child.hpp"
#include "support/fault_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using Names = std::vector<std::string>;

class LocalBackendTest : public testing::Test {
 protected:
  Store open(LocalOptions options = {}) {
    return Store(std::make_shared<const LocalBackend>(kernel_, root_, options));
  }

  TempDir temp_;
  std::string root_ = temp_ / "root";
  FaultKernel kernel_{real_kernel()};
  const ContainerId id_ = ContainerId::parse("web").value();
  const Document document_ = Document::parse("{}").value();
};

TEST_F(LocalBackendTest, TheFilesOfALife) {
  const auto store = open();
  auto vacancy = store.lock_for_new(id_, Wait::never());
  ASSERT_TRUE(vacancy);
  EXPECT_EQ(names_in(root_), Names{"web.lock"});
  auto state = std::move(*vacancy).create(document_);
  ASSERT_TRUE(state);
  EXPECT_EQ(names_in(root_), (Names{"web.lock", "web.state"}));
  ASSERT_TRUE(std::move(*state).destroy());
  EXPECT_EQ(names_in(root_), Names{});
}

TEST_F(LocalBackendTest, AVacancyDroppedUnusedLeavesNothing) {
  const auto store = open();
  {
    ASSERT_TRUE(store.lock_for_new(id_, Wait::never()));
  }
  EXPECT_EQ(names_in(root_), Names{});
}

TEST_F(LocalBackendTest, LockingWhatDoesNotExistMakesNoFileAtAnyMoment) {
  const auto store = open();
  {
    ASSERT_TRUE(store.lock_for_new(id_, Wait::never()));
  }
  kernel_.arm();
  EXPECT_EQ(store.lock(id_, Wait::never()).error().code, Errc::not_found);
  for (const auto& call : kernel_.calls())
    EXPECT_EQ(call.flags & O_CREAT, 0);
}

TEST_F(LocalBackendTest, AStateWithoutALockFileCanBeLocked) {
  const auto store = open();
  std::filesystem::create_directory(root_);
  write_text(root_ + "/web.state", "{}");
  EXPECT_TRUE(store.lock(id_, Wait::never()));
  EXPECT_EQ(names_in(root_), (Names{"web.lock", "web.state"}));
}

TEST_F(LocalBackendTest, AStrayLockFileGoesWithTheNextUnusedVacancy) {
  const auto store = open();
  std::filesystem::create_directory(root_);
  write_text(root_ + "/web.lock", "");
  write_text(root_ + "/web.state.tmp", "{");
  EXPECT_EQ(store.lock(id_, Wait::never()).error().code, Errc::not_found);
  EXPECT_TRUE(store.lock_for_new(id_, Wait::never()));
  EXPECT_EQ(names_in(root_), Names{});
}

TEST_F(LocalBackendTest, WhatIsDestroyedBeforeItsLockIsGrantedIsNotFoundAndLeavesNothing) {
  const auto store = open();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (call.call != FaultKernel::Call::flock) return;
    std::filesystem::remove(root_ + "/web.state");
  });
  EXPECT_EQ(store.lock(id_, Wait::never()).error().code, Errc::not_found);
  EXPECT_EQ(names_in(root_), Names{});
}

TEST_F(LocalBackendTest, ALostCreateTouchesNothingOfTheWinner) {
  const auto store = open();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  EXPECT_EQ(store.lock_for_new(id_, Wait::never()).error().code, Errc::already_exists);
  EXPECT_EQ(names_in(root_), (Names{"web.lock", "web.state"}));
  EXPECT_EQ(store.load(id_)->document, document_);
}

TEST_F(LocalBackendTest, KeepLockFilesNeverRemovesOne) {
  const auto store = open({.keep_lock_files = true});
  {
    ASSERT_TRUE(store.lock_for_new(id_, Wait::never()));
  }
  EXPECT_EQ(names_in(root_), Names{"web.lock"});
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  ASSERT_TRUE(std::move(*store.lock(id_, Wait::never())).destroy());
  EXPECT_EQ(names_in(root_), Names{"web.lock"});
  EXPECT_TRUE(store.list()->empty());
}

TEST_F(LocalBackendTest, TheWeakerDurabilitySyncsNoDocument) {
  const auto store = open({.durability = Durability::unsafe_on_power_cut});
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  kernel_.arm();
  auto state = store.lock(id_, Wait::never());
  ASSERT_TRUE(state->save(document_));
  ASSERT_TRUE(std::move(*state).destroy());
  for (const auto& call : kernel_.calls()) {
    EXPECT_NE(call.call, FaultKernel::Call::fsync);
    EXPECT_NE(call.call, FaultKernel::Call::fdatasync);
  }
}

TEST_F(LocalBackendTest, DestroyUnlinksTheStateThenSyncsThenUnlinksTheLock) {
  const auto store = open();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  auto state = store.lock(id_, Wait::never());
  kernel_.arm();
  ASSERT_TRUE(std::move(*state).destroy());
  std::vector<std::string> steps;
  for (const auto& call : kernel_.calls()) {
    const bool counts = call.call == FaultKernel::Call::unlinkat ||
                        call.call == FaultKernel::Call::fsync ||
                        (call.call == FaultKernel::Call::close && call.name == "web.lock");
    if (counts) steps.push_back(std::string(to_string(call.call)) + " " + call.name);
  }
  // The temp file is what a killed save may have left.
  EXPECT_EQ(steps, (Names{"unlinkat web.state", "unlinkat web.state.tmp", "fsync .",
                          "unlinkat web.lock", "close web.lock"}));
}

TEST_F(LocalBackendTest, AGuardInAForkedChildCanDoNothing) {
  const auto store = open();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  const auto other = ContainerId::parse("new").value();
  auto state = store.lock(id_, Wait::never());
  auto vacancy = store.lock_for_new(other, Wait::never());
  ASSERT_TRUE(state && vacancy);
  Child child([&] {
    if (state->save(document_).error().code != Errc::lock_lost) return 1;
    if (std::move(*state).destroy().error().code != Errc::lock_lost) return 2;
    if (std::move(*vacancy).create(document_).error().code != Errc::lock_lost) return 3;
    return 0;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(names_in(root_), (Names{"new.lock", "web.lock", "web.state"}));
  EXPECT_TRUE(state->save(document_));
  EXPECT_TRUE(std::move(*vacancy).create(document_));
}

TEST_F(LocalBackendTest, LocksNamesTheHolder) {
  const auto store = open();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  EXPECT_TRUE(store.locks()->empty());
  const auto state = store.lock(id_, Wait::never());
  const auto holders = store.locks();
  ASSERT_TRUE(holders) << holders.error().message();
  ASSERT_EQ(holders->size(), 1u);
  EXPECT_EQ(holders->front().id, id_);
  EXPECT_EQ(holders->front().pid, getpid());
  EXPECT_NE(holders->front().command.find("unit"), std::string::npos);
}

TEST_F(LocalBackendTest, WhoWaitsForALockIsNoHolder) {
  const auto store = open();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  const auto state = store.lock(id_, Wait::never());
  const Child waiter([&] { return store.lock(id_, Wait::forever()) ? 0 : 1; });
  ASSERT_TRUE(eventually([&] {
    const auto flocks = read_flocks(real_kernel());
    return flocks && std::ranges::any_of(*flocks, [&](const FlockEntry& entry) {
             return entry.waiting && entry.pid == waiter.pid();
           });
  }));
  const auto holders = store.locks();
  ASSERT_TRUE(holders) << holders.error().message();
  ASSERT_EQ(holders->size(), 1u);
  EXPECT_EQ(holders->front().pid, getpid());
}

TEST_F(LocalBackendTest, OneBadEntryDoesNotSpoilTheOthers) {
  const auto store = open();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  write_text(root_ + "/bad.state", "{");
  std::filesystem::create_symlink("/etc/passwd", root_ + "/link.state");
  const auto entries = store.load_all();
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3u);
  EXPECT_EQ((*entries)[0].state.error().code, Errc::corrupt);
  EXPECT_EQ((*entries)[1].state.error().code, Errc::insecure);
  EXPECT_TRUE((*entries)[2].state);
}

TEST_F(LocalBackendTest, ALinkToNowhereIsNotCreatedOver) {
  const auto store = open();
  std::filesystem::create_directory(root_);
  std::filesystem::create_symlink("nowhere", root_ + "/web.state");
  EXPECT_EQ(store.create(id_, Wait::never(), document_).error().code, Errc::already_exists);
  EXPECT_TRUE(std::filesystem::is_symlink(root_ + "/web.state"));
}

TEST_F(LocalBackendTest, WhatIsCorruptCanNeitherBeLockedNorCreatedOver) {
  const auto store = open();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  write_text(root_ + "/web.state", "{");
  EXPECT_EQ(store.lock(id_, Wait::never()).error().code, Errc::corrupt);
  EXPECT_EQ(store.create(id_, Wait::never(), document_).error().code, Errc::already_exists);
  EXPECT_EQ(read_text(root_ + "/web.state"), "{");
}

}  // namespace
}  // namespace latchfile::test
