// SPDX-License-Identifier: Apache-2.0
//
// What the directory does that the contract of a backend does not ask for: files, options, fork.
#include "local/local_backend.hpp"

#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/lock_holder.hpp"
#include "posix/real_kernel.hpp"
#include "support/child.hpp"
#include "support/fault_kernel.hpp"
#include "support/passing_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using Names = std::vector<std::string>;

class LocalBackendTest : public testing::Test {
 protected:
  Store open(LocalOptions options = {}) {
    return Store(std::make_shared<const LocalBackend>(kernel_, root_, options));
  }

  /// Which of the calls since arm() was the last of this function, from 1; 0: none was.
  std::size_t last(FaultKernel::Call call) {
    const auto calls = kernel_.calls();
    for (std::size_t nth = calls.size(); nth > 0; --nth)
      if (calls[nth - 1].call == call) return nth;
    return 0;
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

TEST_F(LocalBackendTest, WithoutProcTheHoldersOfLocksAreUnsupported) {
  const auto store = open();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  ASSERT_TRUE(store.locks());
  kernel_.arm(FaultKernel::Fault{.nth = 2, .error = ENOENT});  // the first call looks for the root
  const auto holders = store.locks();
  ASSERT_FALSE(holders);
  EXPECT_EQ(holders.error().code, Errc::unsupported);
  EXPECT_NE(holders.error().message().find("/proc/locks"), std::string::npos);
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

/// A destroy that is killed after D1 leaves the lock file, and D2 to whoever finds that.
TEST_F(LocalBackendTest, WhatAKilledDestroyRemovedIsNotFoundOnceItIsGoneForGood) {
  const auto store = open();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  std::filesystem::remove(root_ + "/web.state");
  write_text(root_ + "/web.lock", "");
  kernel_.arm();
  EXPECT_EQ(store.lock(id_, Wait::never()).error().code, Errc::not_found);
  const auto fsync = last(FaultKernel::Call::fsync);
  ASSERT_GT(fsync, 0U);
  kernel_.arm(FaultKernel::Fault{.nth = fsync, .error = EIO});
  const auto refused = store.lock(id_, Wait::never());
  EXPECT_EQ(refused.error().code, Errc::commit_unknown);
  EXPECT_EQ(refused.error().sys_errno, EIO);
  EXPECT_EQ(names_in(root_), Names{"web.lock"});
}

TEST_F(LocalBackendTest, WhatADestroyLeftHasToBeKnownBeforeSomethingIsNotFound) {
  const auto store = open();
  std::filesystem::create_directory(root_);
  EXPECT_EQ(store.lock(id_, Wait::never()).error().code, Errc::not_found);
  kernel_.arm();
  EXPECT_EQ(store.lock(id_, Wait::never()).error().code, Errc::not_found);
  kernel_.arm(FaultKernel::Fault{.nth = last(FaultKernel::Call::fstatat), .error = EIO});
  EXPECT_EQ(store.lock(id_, Wait::never()).error().code, Errc::io);
}

TEST_F(LocalBackendTest, WhoDoesNotMindAPowerCutDoesNotSyncAfterAKilledDestroy) {
  const auto store = open({.durability = Durability::unsafe_on_power_cut});
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  std::filesystem::remove(root_ + "/web.state");
  write_text(root_ + "/web.lock", "");
  kernel_.arm();
  EXPECT_EQ(store.lock(id_, Wait::never()).error().code, Errc::not_found);
  EXPECT_TRUE(store.lock_for_new(id_, Wait::never()));
  EXPECT_EQ(last(FaultKernel::Call::fsync), 0U);
  EXPECT_EQ(names_in(root_), Names{});
}

TEST_F(LocalBackendTest, WhatIsRemovedByOneKilledWhileItsLockIsAwaitedIsGoneForGoodAsWell) {
  const auto store = open();
  const auto lock_as_it_goes = [&](std::optional<FaultKernel::Fault> fault) {
    EXPECT_TRUE(store.create(id_, Wait::never(), document_));
    kernel_.arm(fault);
    kernel_.before_each([&](const FaultKernel::Record& call) {
      if (call.call == FaultKernel::Call::flock) std::filesystem::remove(root_ + "/web.state");
    });
    const auto code = store.lock(id_, Wait::never()).error().code;
    kernel_.before_each({});
    return code;
  };
  EXPECT_EQ(lock_as_it_goes({}), Errc::not_found);
  const auto fsync = last(FaultKernel::Call::fsync);
  EXPECT_GT(fsync, 0U);
  EXPECT_LT(fsync, last(FaultKernel::Call::unlinkat));
  EXPECT_EQ(names_in(root_), Names{});
  EXPECT_EQ(lock_as_it_goes(FaultKernel::Fault{.nth = fsync, .error = EIO}), Errc::commit_unknown);
}

TEST_F(LocalBackendTest, ManyAreLoadedInTheOrderAskedFor) {
  std::filesystem::create_directory(root_);
  std::vector<ContainerId> ids;
  for (int i = 0; i < 300; ++i) {
    const auto n = std::to_string(i);
    ids.push_back(ContainerId::parse("c" + n).value());
    if (i % 3 == 0) write_text(root_ + "/c" + n + ".state", "{\"n\":" + n + "}");
    if (i % 3 == 1) write_text(root_ + "/c" + n + ".state", "{\"n\":");
  }
  std::size_t next = 0;
  LocalBackend(kernel_, root_, {}).load_each(ids, [&](std::size_t i, Result<Document> document) {
    EXPECT_EQ(i, next++);
    if (i % 3 == 0) {
      ASSERT_TRUE(document);
      EXPECT_EQ(document->bytes(), "{\"n\":" + std::to_string(i) + "}");
    } else {
      ASSERT_FALSE(document);
      EXPECT_EQ(document.error().code, i % 3 == 1 ? Errc::corrupt : Errc::not_found);
    }
  });
  EXPECT_EQ(next, ids.size());
}

TEST_F(LocalBackendTest, AllThatAreAskedForAreNotFoundWhereTheRootIsGone) {
  const std::vector ids(3, id_);
  std::vector<std::size_t> visited;
  LocalBackend(kernel_, root_, {}).load_each(ids, [&](std::size_t i, Result<Document> document) {
    visited.push_back(i);
    EXPECT_EQ(document.error().code, Errc::not_found);
  });
  EXPECT_EQ(visited, (std::vector<std::size_t>{0, 1, 2}));
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

TEST_F(LocalBackendTest, WhoWaitsForALockIsNoHolderButNamedBehindIt) {
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
  ASSERT_EQ(holders->front().waiters.size(), 1u);
  EXPECT_EQ(holders->front().waiters.front().pid, waiter.pid());
  EXPECT_EQ(holders->front().waiters.front().command, holders->front().command)
      << "it is a fork of this process";
}

/// Notes whose times were read.
class TimesKernel final : public PassingKernel {
 public:
  std::vector<std::string> times_read;

  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    auto fd = PassingKernel::openat(dir, path, flags, mode);
    if (fd) names_[fd->get()] = path;
    return fd;
  }
  Sys<struct stat> fstat(int fd, Times times) override {
    if (times == Times::yes) times_read.push_back(names_[fd]);
    return PassingKernel::fstat(fd, times);
  }
  Sys<struct stat> fstatat(int dir, const char* path, int flags, Times times) override {
    if (times == Times::yes) times_read.emplace_back(path);
    return PassingKernel::fstatat(dir, path, flags, times);
  }

 private:
  std::map<int, std::string> names_;
};

/// A file whose times were read is written to the disk once more at its next change.
TEST(LookedAt, OfAnUpdateAndAListAreTheTimesOfWhatIsLoadedAlone) {
  const TempDir temp;
  TimesKernel kernel;
  const Store store(std::make_shared<const LocalBackend>(kernel, temp / "root", LocalOptions()));
  const auto id = ContainerId::parse("web").value();
  const auto document = Document::parse("{}").value();

  ASSERT_TRUE(store.create(id, Wait::never(), document));
  EXPECT_EQ(kernel.times_read, Names());
  auto state = store.lock(id, Wait::never());
  ASSERT_TRUE(state);
  EXPECT_EQ(kernel.times_read, (Names{"web.state", "web.state"})) << "before it is read and after";
  kernel.times_read.clear();
  ASSERT_TRUE(state->save(document));
  ASSERT_TRUE(store.list());
  ASSERT_TRUE(store.locks());
  ASSERT_TRUE(std::move(*state).destroy());
  EXPECT_EQ(kernel.times_read, Names());
}

/// Names the owner of every lock file, and who we are.
class OwnerKernel final : public PassingKernel {
 public:
  static constexpr uid_t us = 1000;
  uid_t lock_file = us;
  uid_t state = us;
  uid_t root = us;

  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    auto fd = PassingKernel::openat(dir, path, flags, mode);
    if (fd) names_[fd->get()] = path;
    return fd;
  }
  Sys<struct stat> fstat(int fd, Times times) override {
    return with_owner(PassingKernel::fstat(fd, times), names_[fd]);
  }
  Sys<struct stat> fstatat(int dir, const char* path, int flags, Times times) override {
    return with_owner(PassingKernel::fstatat(dir, path, flags, times), path);
  }
  Sys<> fchown(int, uid_t, gid_t) override { return {}; }
  uid_t geteuid() override { return us; }

 private:
  [[nodiscard]] Sys<struct stat> with_owner(Sys<struct stat> found, std::string_view name) const {
    if (!found) return found;
    if (name.ends_with(".lock")) found->st_uid = lock_file;
    if (name.ends_with(".state") || name.ends_with(".state.tmp")) found->st_uid = state;
    if (name.ends_with("/root")) found->st_uid = root;
    return found;
  }

  std::map<int, std::string> names_;
};

TEST(LockFileOwner, MustBeUsOrTheOwnerOfRootOrStateWhereStrangersWrite) {
  constexpr uid_t us = OwnerKernel::us;
  constexpr uid_t stranger = 2000;
  constexpr uid_t other = 3000;
  struct Case {
    mode_t mode;
    uid_t lock_file, root, state;
    bool vacancy, lock;
  };
  const auto id = ContainerId::parse("web").value();
  for (const auto& now : {Case{01777, us, other, us, true, true},
                          {01777, us, other, other, true, true},
                          {01777, stranger, other, us, false, false},
                          {01770, stranger, other, us, false, false},
                          {01777, stranger, stranger, us, true, true},
                          {01777, stranger, other, stranger, false, true},
                          {0755, stranger, other, us, true, true}}) {
    SCOPED_TRACE(testing::Message()
                 << std::oct << now.mode << std::dec << " lock file of " << now.lock_file
                 << ", root of " << now.root << ", state of " << now.state);
    const TempDir temp;
    std::filesystem::create_directory(temp / "root");
    ASSERT_EQ(chmod((temp / "root").c_str(), now.mode), 0);
    write_text(temp / "root/web.lock", "");
    OwnerKernel kernel;
    kernel.lock_file = now.lock_file;
    kernel.root = now.root;
    kernel.state = now.state;
    const Store store(std::make_shared<const LocalBackend>(kernel, temp / "root", LocalOptions{}));
    const auto expect = [](const auto& result, bool granted) {
      EXPECT_EQ(result.has_value(), granted);
      if (result || granted) return;
      EXPECT_EQ(result.error().code, Errc::insecure);
      EXPECT_NE(result.error().message().find("belongs to uid 2000"), std::string::npos);
    };
    expect(store.lock_for_new(id, Wait::never()), now.vacancy);
    EXPECT_EQ(std::filesystem::exists(temp / "root/web.lock"), !now.vacancy) << "left as found";
    write_text(temp / "root/web.lock", "");
    write_text(temp / "root/web.state", "{}");
    expect(store.lock(id, Wait::never()), now.lock);
  }
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
