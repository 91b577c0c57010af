// SPDX-License-Identifier: Apache-2.0
#include "local/root.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <unistd.h>

#include "latchfile/local.hpp"
#include "posix/real_kernel.hpp"
#include "support/child.hpp"
#include "support/fault_kernel.hpp"
#include "support/passing_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;

class RootTest : public testing::Test {
 protected:
  Root at(const std::string& path, bool allow_insecure = false) {
    return {kernel_, path, allow_insecure};
  }
  static mode_t mode_of(const fs::path& path) {
    struct stat found{};
    EXPECT_EQ(stat(path.c_str(), &found), 0);
    return found.st_mode & 07777;
  }

  TempDir temp_;
  FaultKernel kernel_{real_kernel()};
  const ContainerId id_ = ContainerId::parse("web").value();
  const Document document_ = Document::parse("{}").value();
};

TEST_F(RootTest, FindMakesNothing) {
  const auto found = at(temp_ / "a/b").find();
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, nullptr);
  EXPECT_TRUE(names_in(temp_.path()).empty());
}

TEST_F(RootTest, ReadsOfAnAbsentRootFindNothingAndMakeNothing) {
  const auto store = open_local(temp_ / "a/b").value();
  EXPECT_TRUE(store.list()->empty());
  EXPECT_TRUE(store.load_all()->empty());
  EXPECT_TRUE(store.locks()->empty());
  EXPECT_EQ(store.load(id_).error().code, Errc::not_found);
  EXPECT_EQ(store.resolve("web").error().code, Errc::not_found);
  EXPECT_EQ(store.lock(id_, Wait::never()).error().code, Errc::not_found);
  EXPECT_TRUE(names_in(temp_.path()).empty());
}

TEST_F(RootTest, IsMadeWithItsParents) {
  const auto old_mask = umask(0);
  const auto made = at(temp_ / "a/b/c").find_or_make();
  umask(old_mask);
  ASSERT_TRUE(made && *made);
  for (const auto* path : {"a", "a/b", "a/b/c"})
    EXPECT_EQ(mode_of(temp_ / path), 0711u) << path;
}

TEST_F(RootTest, EveryDirectoryThatIsMadeIsSynced) {
  {
    ASSERT_TRUE(at(temp_ / "a/b").find_or_make());
  }
  std::vector<std::string> synced;
  for (const auto& call : kernel_.calls()) {
    if (call.call == FaultKernel::Call::fsync) synced.push_back(call.name);
  }
  EXPECT_EQ(std::ranges::count(synced, temp_.path().string()), 1);
  EXPECT_EQ(std::ranges::count(synced, temp_ / "a"), 1);
}

TEST_F(RootTest, IsMadeAndSyncedWhateverSlashesAreInItsPath) {
  const auto syncs_of = [&](const std::string& path) {
    kernel_.arm();
    EXPECT_TRUE(at(temp_ / path).find_or_make());
    EXPECT_TRUE(fs::is_directory(temp_ / path));
    return std::ranges::count(kernel_.calls(), FaultKernel::Call::fsync,
                              &FaultKernel::Record::call);
  };
  EXPECT_EQ(syncs_of("a//b///c"), syncs_of("x/y/z"));
}

TEST_F(RootTest, ThatIsOpenedToStrangersJustBeforeWeOpenItIsRefused) {
  fs::create_directory(temp_ / "root");
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (call.call == FaultKernel::Call::openat) fs::permissions(temp_ / "root", fs::perms::all);
  });
  const auto found = at(temp_ / "root").find();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::insecure);
}

TEST_F(RootTest, MayEndInSlashes) {
  const auto made = at(temp_ / "a/b//").find_or_make();
  ASSERT_TRUE(made && *made) << made.error().message();
  EXPECT_TRUE(fs::is_directory(temp_ / "a/b"));
}

TEST_F(RootTest, ThatIsAFileIsAnError) {
  write_text(temp_ / "file", "");
  for (const auto* path : {"file", "file/below"}) {
    EXPECT_EQ(at(temp_ / path).find().error().sys_errno, ENOTDIR) << path;
    EXPECT_EQ(at(temp_ / path).find_or_make().error().code, Errc::io) << path;
  }
}

TEST_F(RootTest, ThatStrangersMayWriteToIsRefused) {
  struct Case {
    mode_t mode;
    bool secure;
  };
  for (const auto& [mode, secure] : {Case{0755, true},
                                     {0711, true},
                                     {0700, true},
                                     {0775, false},
                                     {0757, false},
                                     {0777, false},
                                     {01777, true},
                                     {01775, true}}) {
    SCOPED_TRACE(mode);
    ASSERT_EQ(chmod(temp_.path().c_str(), mode), 0);
    const auto found = at(temp_.path().string()).find();
    EXPECT_EQ(found.has_value(), secure);
    if (!secure) {
      EXPECT_EQ(found.error().code, Errc::insecure);
      EXPECT_EQ(at(temp_.path().string()).find_or_make().error().code, Errc::insecure);
    }
    EXPECT_TRUE(at(temp_.path().string(), true).find());
  }
}

TEST_F(RootTest, ThatIsOpenedToStrangersLaterIsRefusedFromThenOn) {
  const auto root = at(temp_.path().string());
  ASSERT_TRUE(root.find());
  ASSERT_EQ(chmod(temp_.path().c_str(), 0777), 0);
  EXPECT_EQ(root.find().error().code, Errc::insecure);
}

TEST_F(RootTest, KnowsWhetherStrangersMayWriteToItNow) {
  const auto root = at(temp_.path().string());
  for (const auto& [mode, strangers_write] :
       {std::pair<mode_t, bool>{0711, false}, {01777, true}, {01730, true}, {0755, false}}) {
    ASSERT_EQ(chmod(temp_.path().c_str(), mode), 0);
    EXPECT_EQ(root.find().value()->strangers_write, strangers_write) << std::oct << mode;
  }
}

TEST_F(RootTest, StaysOpenWhileItIsTheSame) {
  const auto root = at(temp_.path().string());
  const auto first = root.find().value();
  EXPECT_EQ(root.find().value(), first);
}

TEST_F(RootTest, ThatIsReplacedIsFollowed) {
  const auto store = open_local(temp_ / "root").value();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  fs::rename(temp_ / "root", temp_ / "old");
  EXPECT_EQ(store.load(id_).error().code, Errc::not_found);
  fs::create_directory(temp_ / "root");
  EXPECT_TRUE(store.list()->empty());
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  EXPECT_EQ(names_in(temp_ / "root"), (std::vector<std::string>{"web.lock", "web.state"}));
}

TEST_F(RootTest, AGuardStaysWithTheDirectoryThatItWasTakenIn) {
  const auto store = open_local(temp_ / "root").value();
  ASSERT_TRUE(store.create(id_, Wait::never(), document_));
  auto state = store.lock(id_, Wait::never());
  ASSERT_TRUE(state);
  fs::rename(temp_ / "root", temp_ / "old");
  ASSERT_TRUE(state->save(Document::parse(R"({"n":1})").value()));
  EXPECT_EQ(read_text(temp_ / "old/web.state"), R"({"n":1})");
  EXPECT_FALSE(fs::exists(temp_ / "root"));
}

TEST_F(RootTest, ALinkToADirectoryIsFollowed) {
  fs::create_directory(temp_ / "real");
  fs::create_directory_symlink("real", temp_ / "root");
  ASSERT_TRUE(open_local(temp_ / "root")->create(id_, Wait::never(), document_));
  EXPECT_TRUE(fs::exists(temp_ / "real/web.state"));
}

TEST_F(RootTest, ALinkToNowhereHoldsNothingAndCannotBeMade) {
  fs::create_directory_symlink("nowhere", temp_ / "root");
  const auto store = open_local(temp_ / "root").value();
  EXPECT_TRUE(store.list()->empty());
  const auto created = store.create(id_, Wait::never(), document_);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().sys_errno, ENOENT);
  EXPECT_NE(created.error().message().find("root is a symbolic link to nothing"), std::string::npos)
      << created.error().message();
}

/// A root that is a link of another user, or becomes a link once it was looked at.
class LinkKernel final : public PassingKernel {
 public:
  std::function<void()> after_look = [] {};

  Sys<struct stat> fstatat(int dir, const char* path, int flags, Times times) override {
    auto found = PassingKernel::fstatat(dir, path, flags, times);
    if (found && S_ISLNK(found->st_mode)) found->st_uid = 2000;
    after_look();
    return found;
  }
  uid_t geteuid() override { return euid; }
  uid_t euid = 1000;
};

TEST_F(RootTest, ALinkOfAnotherUserIsRefused) {
  fs::create_directory(temp_ / "real");
  fs::create_directory_symlink("real", temp_ / "root");
  LinkKernel kernel;
  for (const std::string path : {"root", "root/", "root/."}) {
    const Root root(kernel, temp_ / path, false);
    const auto found = root.find();
    ASSERT_FALSE(found) << path;
    EXPECT_EQ(found.error().code, Errc::insecure);
    EXPECT_EQ(root.find_or_make().error().code, Errc::insecure);
  }
  kernel.euid = 2000;
  EXPECT_TRUE(Root(kernel, temp_ / "root", false).find().value());
}

TEST_F(RootTest, ALinkThatComesInThePlaceOfTheDirectoryIsNotFollowed) {
  fs::create_directory(temp_ / "real");
  fs::create_directory(temp_ / "root");
  LinkKernel kernel;
  kernel.after_look = [&] {
    fs::remove(temp_ / "root");
    fs::create_directory_symlink("real", temp_ / "root");
  };
  EXPECT_FALSE(Root(kernel, temp_ / "root", false).find());
}

TEST(OpenLocal, RefusesWhatIsNoPath) {
  EXPECT_EQ(open_local("").error().code, Errc::invalid_argument);
  EXPECT_EQ(open_local(std::string("a\0b", 3)).error().code, Errc::invalid_argument);
}

TEST(OpenLocal, ARelativePathSurvivesAChangeOfDirectory) {
  const TempDir temp;
  // In a child, for the working directory belongs to the whole process.
  Child child([&] {
    if (chdir(temp.path().c_str()) != 0) return 1;
    const auto store = open_local("root");
    if (!store || chdir("/") != 0) return 2;
    const auto id = ContainerId::parse("web").value();
    return store->create(id, Wait::never(), Document::parse("{}").value()) ? 0 : 3;
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(fs::exists(temp / "root/web.state"));
}

}  // namespace
}  // namespace latchfile::test
