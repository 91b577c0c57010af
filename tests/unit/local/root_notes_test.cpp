// SPDX-License-Identifier: Apache-2.0
//
// Roots that come, go and are replaced, as a watch sees them.
#include "local/root_notes.hpp"

#include <cerrno>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "local/local_backend.hpp"
#include "support/followed.hpp"
#include "support/numbered_document.hpp"
#include "support/passing_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string one = R"({"n":1})";
const std::string two = R"({"n":2})";

/// A kernel that counts the watches that there are, and refuses some.
class CountingKernel final : public PassingKernel {
 public:
  std::set<int> watches;
  std::map<std::string, int> errors;  ///< by path

  Sys<int> inotify_add_watch(int fd, const char* path, std::uint32_t mask) override {
    const auto error = errors.find(path);
    if (error != errors.end()) return std::unexpected(Errno{error->second});
    auto watch = PassingKernel::inotify_add_watch(fd, path, mask);
    if (watch) watches.insert(*watch);
    return watch;
  }
  Sys<> inotify_rm_watch(int fd, int watch) override {
    watches.erase(watch);
    return PassingKernel::inotify_rm_watch(fd, watch);
  }
};

class RootNotesTest : public testing::Test {
 protected:
  TempDir temp_;
  const fs::path above_ = temp_.path() / "above";
  const fs::path root_ = above_ / "root";
  CountingKernel kernel_;

  [[nodiscard]] Store open(const fs::path& root) {
    return Store(std::make_shared<const LocalBackend>(kernel_, root.string(), LocalOptions()));
  }
  static void put(const fs::path& root, const std::string& id, std::string_view text) {
    fs::create_directories(root);
    write_text(root / (id + ".state"), text);
  }
  [[nodiscard]] static Watch listed(const Store& store) {
    auto watch = store.watch().value();
    EXPECT_EQ(told_until(watch, "listed").back(), "listed");
    return watch;
  }
};

TEST_F(RootNotesTest, ARootThatDoesNotExistIsEmptyUntilItComes) {
  auto watch = listed(open(root_));
  EXPECT_FALSE(fs::exists(above_)) << "a watch makes nothing";
  fs::create_directories(above_ / "beside");
  EXPECT_THAT(told(watch, Wait::never()), IsEmpty());
  put(root_, "a", one);
  EXPECT_THAT(told(watch), ElementsAre("created a " + one));
  put(root_, "b", one);
  EXPECT_THAT(told(watch), ElementsAre("created b " + one));
}

TEST_F(RootNotesTest, ARootThatIsRemovedIsEmptyAndMayComeAgain) {
  put(root_, "a", one);
  auto watch = listed(open(root_));
  fs::remove_all(above_);
  EXPECT_THAT(told(watch), ElementsAre("deleted a"));
  put(root_, "a", two);
  EXPECT_THAT(told(watch), ElementsAre("created a " + two));
}

TEST_F(RootNotesTest, ARootThatIsMovedAwayIsOneThatIsGone) {
  put(root_, "a", one);
  auto watch = listed(open(root_));
  fs::rename(root_, above_ / "old");
  EXPECT_THAT(told(watch), ElementsAre("deleted a"));
  put(above_ / "old", "a", two);
  EXPECT_THAT(told(watch, Wait::never()), IsEmpty()) << "it is not ours any more";
  fs::rename(above_ / "old", root_);
  EXPECT_THAT(told(watch), ElementsAre("created a " + two));
}

TEST_F(RootNotesTest, OfARootInThePlaceOfAnotherTheDifferenceIsTold) {
  for (const auto* id : {"a", "b", "c"})
    put(root_, id, one);
  auto watch = listed(open(root_));
  fs::rename(root_, above_ / "old");
  put(root_, "b", two);
  put(root_, "c", one);
  put(root_, "d", one);
  EXPECT_THAT(told(watch), ElementsAre("deleted a", "changed b " + two, "created d " + one));
  put(above_ / "old", "c", two);
  put(root_, "d", two);
  EXPECT_THAT(told(watch), ElementsAre("changed d " + two));
}

TEST_F(RootNotesTest, ADirectoryAboveMayGoAndComeAsWell) {
  put(root_, "a", one);
  auto watch = listed(open(root_));
  fs::rename(above_, temp_.path() / "old");
  EXPECT_THAT(told(watch), ElementsAre("deleted a"));
  put(root_, "b", one);
  EXPECT_THAT(told(watch), ElementsAre("created b " + one));
}

TEST_F(RootNotesTest, EveryLinkOnTheWayMayLeadElsewhere) {
  put(above_ / "first", "a", one);
  put(above_ / "second", "a", two);
  fs::create_directory_symlink("first", above_ / "last");
  fs::create_directory_symlink(above_, temp_.path() / "link");
  const auto path = temp_.path() / "." / "link" / "first" / ".." / "last";
  auto watch = listed(open(path));
  fs::remove(above_ / "last");
  EXPECT_THAT(told(watch), ElementsAre("deleted a"));
  fs::create_directory_symlink("second", above_ / "last");
  EXPECT_THAT(told(watch), ElementsAre("created a " + two));

  put(temp_.path() / "third" / "last", "b", one);
  fs::create_directory(temp_.path() / "third" / "first");
  fs::create_directory_symlink("third", temp_.path() / "new");
  fs::rename(temp_.path() / "new", temp_.path() / "link");
  EXPECT_THAT(told(watch), ElementsAre("deleted a", "created b " + one));
}

TEST_F(RootNotesTest, WhatALinkLeadsToMayGoAndCome) {
  put(above_ / "first", "a", one);
  fs::create_directory_symlink(above_ / "first", temp_.path() / "link");
  auto watch = listed(open(temp_.path() / "link"));
  fs::remove_all(above_ / "first");
  EXPECT_THAT(told(watch), ElementsAre("deleted a"));
  put(above_ / "first", "b", one);
  EXPECT_THAT(told(watch), ElementsAre("created b " + one));
}

TEST_F(RootNotesTest, LinksThatLeadToEachOtherAreAnErrorAndNotALoop) {
  fs::create_directories(above_);
  fs::create_symlink("there", above_ / "here");
  fs::create_symlink("here", above_ / "there");
  const auto watch = open(above_ / "here").watch();
  ASSERT_FALSE(watch);
  EXPECT_EQ(watch.error().sys_errno, ELOOP);
}

TEST_F(RootNotesTest, ARootThatIsNotToBeTrustedIsAnErrorUntilItIs) {
  put(root_, "a", one);
  auto watch = listed(open(root_));
  fs::rename(root_, above_ / "old");
  fs::create_directory(root_);
  fs::permissions(root_, fs::perms::all);
  EXPECT_EQ(watch.next(Wait::never()).error().code, Errc::insecure);
  EXPECT_EQ(watch.next(Wait::never()).error().code, Errc::insecure);
  fs::permissions(root_, fs::perms::owner_all);
  EXPECT_THAT(told(watch), ElementsAre("deleted a"));
}

TEST_F(RootNotesTest, WhatIsAboveAndMayNotBeReadDoesNotMatterWhileTheRootIsThere) {
  put(root_, "a", one);
  kernel_.errors[above_.string()] = EACCES;
  auto watch = listed(open(root_));
  put(root_, "a", two);
  EXPECT_THAT(told(watch), ElementsAre("changed a " + two));
  fs::rename(root_, above_ / "old");
  const auto unseen = watch.next(Wait::never());
  ASSERT_FALSE(unseen) << "nobody would tell of the next root";
  EXPECT_EQ(unseen.error().sys_errno, EACCES);
  EXPECT_THAT(unseen.error().message(), HasSubstr("watch " + above_.string() + ": "));
}

TEST_F(RootNotesTest, WhatMayNotBeReadIsNotWatched) {
  put(root_, "a", one);
  kernel_.errors[root_.string()] = EACCES;
  EXPECT_EQ(open(root_).watch().error().sys_errno, EACCES);
  kernel_.errors = {{above_.string(), ENOMEM}};
  EXPECT_EQ(open(root_).watch().error().sys_errno, ENOMEM);
}

TEST_F(RootNotesTest, RootsThatComeAndGoLeaveNoWatchesBehind) {
  put(root_, "a", one);
  auto watch = listed(open(root_));
  const auto count = kernel_.watches.size();
  for (int i = 0; i < 20; ++i) {
    fs::rename(root_, above_ / std::to_string(i));
    put(root_, "a", numbered(i).bytes());
    EXPECT_THAT(told(watch), ElementsAre("changed a " + numbered(i).bytes()));
  }
  EXPECT_EQ(kernel_.watches.size(), count);
}

}  // namespace
}  // namespace latchfile::test
