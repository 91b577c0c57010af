// SPDX-License-Identifier: Apache-2.0
//
// What is written today has the names, modes and bytes that docs/format.md promises.
#include <string>
#include <sys/stat.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latchfile/local.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view bytes = "{ \"n\" : 1.0e0 }\n";

mode_t mode_of(const std::string& path) {
  struct stat found{};
  EXPECT_EQ(lstat(path.c_str(), &found), 0) << path;
  return found.st_mode;
}

class WrittenToday : public testing::Test {
 protected:
  WrittenToday() : umask_before_(umask(022)) {}
  ~WrittenToday() override { umask(umask_before_); }

  const TempDir dir;
  const std::string root = dir / "above/root";
  const Store store = open_local(root).value();

  void create(std::string_view id) const {
    const auto created = store.create(ContainerId::parse(id).value(), Wait::never(),
                                      Document::parse(std::string(bytes)).value());
    ASSERT_TRUE(created) << created.error().message();
  }
  [[nodiscard]] LockedState lock(std::string_view id) const {
    return store.lock(ContainerId::parse(id).value(), Wait::never()).value();
  }

 private:
  mode_t umask_before_;
};

TEST_F(WrittenToday, HasItsNames) {
  create("web");
  create("pod1/web");
  EXPECT_THAT(names_in(root), ElementsAre("web.lock", "web.state", "web_sandbox:pod1.lock",
                                          "web_sandbox:pod1.state"));
}

TEST_F(WrittenToday, HasItsModes) {
  create("web");
  EXPECT_EQ(mode_of(dir / "above"), S_IFDIR | 0711U);
  EXPECT_EQ(mode_of(root), S_IFDIR | 0711U);
  EXPECT_EQ(mode_of(root + "/web.state"), S_IFREG | 0640U);
  EXPECT_EQ(mode_of(root + "/web.lock"), S_IFREG | 0600U);
}

TEST_F(WrittenToday, HasItsBytes) {
  create("web");
  EXPECT_EQ(read_text(root + "/web.state"), bytes);
  EXPECT_EQ(read_text(root + "/web.lock"), "");
}

TEST_F(WrittenToday, KeepsTheModeAndOwnerOfWhatItReplaces) {
  create("web");
  const auto path = root + "/web.state";
  ASSERT_EQ(chmod(path.c_str(), 0604), 0);
  // Only root may give files away; for anybody else the owner stays what it was.
  constexpr uid_t nobody = 65534;
  const bool given = chown(path.c_str(), nobody, nobody) == 0;
  ASSERT_TRUE(lock("web").save(Document::parse("{}").value()));
  struct stat found{};
  ASSERT_EQ(stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode, S_IFREG | 0604U);
  EXPECT_EQ(found.st_uid == nobody && found.st_gid == nobody, given);
}

TEST_F(WrittenToday, UsesTheTempNameThatPeersDoNotList) {
  create("web");
  create("pod1/web");
  // The leftover of a killed process: the next save uses the name and so removes it.
  for (const auto* name : {"/web.state.tmp", "/web_sandbox:pod1.state.tmp"}) {
    write_text(root + name, "{\"torn\":");
  }
  for (const auto* id : {"web", "pod1/web"}) {
    ASSERT_TRUE(lock(id).save(Document::parse("{}").value()));
  }
  EXPECT_THAT(names_in(root), ElementsAre("web.lock", "web.state", "web_sandbox:pod1.lock",
                                          "web_sandbox:pod1.state"));
}

TEST_F(WrittenToday, IsGoneOnceDestroyed) {
  create("pod1/web");
  ASSERT_TRUE(lock("pod1/web").destroy());
  EXPECT_THAT(names_in(root), IsEmpty());
}

}  // namespace
}  // namespace latchfile::test
