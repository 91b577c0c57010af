// SPDX-License-Identifier: Apache-2.0
//
// docs/format.md: the shell script that shows how another program takes part does take part.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "docs/markdown.hpp"
#include "latchfile/local.hpp"
#include "posix/lock_holder.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

class FormatScript : public testing::Test {
 protected:
  void SetUp() override {
    const auto page = std::filesystem::path(LATCHFILE_SOURCE_DIR) / "docs/format.md";
    const auto scripts = fenced_blocks(read_text(page), "sh");
    ASSERT_EQ(scripts.size(), 1U);
    script_ = {"sh", "-c", scripts.front()};
  }

  [[nodiscard]] RunOptions options() const {
    return {.input = {}, .env = {"root=" + root_.path().string()}, .working_directory = {}};
  }

  [[nodiscard]] bool has_waiter(const std::string& lock_file) const {
    struct stat file{};
    if (stat((root_ / lock_file).c_str(), &file) != 0) return false;
    return std::ranges::any_of(parse_flocks(read_text("/proc/locks")), [&](const auto& entry) {
      return entry.waiting && entry.device == file.st_dev && entry.inode == file.st_ino;
    });
  }

  TempDir root_;
  Store store_ = open_local(root_.path()).value();
  ContainerId web_ = ContainerId::parse("web").value();
  std::vector<std::string> script_;
};

TEST_F(FormatScript, SavesUnderTheLock) {
  const auto created = Document::parse(R"({"status":"created"})").value();
  ASSERT_TRUE(store_.create(web_, Wait::never(), created));
  const auto outcome = run(script_, options());
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(store_.load(web_).value().document.bytes(), R"({"status":"running"})");
  EXPECT_EQ(names_in(root_.path()), (std::vector<std::string>{"web.lock", "web.state"}));
}

TEST_F(FormatScript, LeavesNothingWhereThereIsNoContainer) {
  EXPECT_EQ(run(script_, options()).exit_code, 1);
  EXPECT_TRUE(names_in(root_.path()).empty());
}

TEST_F(FormatScript, NoticesThatTheLockFileItWaitedOnWasUnlinked) {
  ASSERT_TRUE(store_.create(web_, Wait::never(), Document::parse("{}").value()));
  auto guard = store_.lock(web_, Wait::never());
  ASSERT_TRUE(guard);
  Child script({"env", "root=" + root_.path().string(), "sh", "-c", script_.back()});
  ASSERT_TRUE(eventually([&] { return has_waiter("web.lock"); }));

  // While the shell stands still, flock(1) gets the lock of a file that is gone, and another
  // container of that name comes.
  script.signal(SIGSTOP);
  ASSERT_TRUE(std::move(*guard).destroy());
  auto vacancy = store_.lock_for_new(web_, Wait::never());
  ASSERT_TRUE(vacancy);
  auto another = std::move(*vacancy).create(Document::parse(R"({"status":"created"})").value());
  ASSERT_TRUE(another);
  script.signal(SIGCONT);
  ASSERT_TRUE(eventually([&] { return has_waiter("web.lock"); }));
  ASSERT_TRUE(another->save(Document::parse(R"({"status":"created","n":1})").value()));
  {
    const auto released = std::move(*another);
  }
  EXPECT_EQ(script.wait(), 0);
  EXPECT_EQ(store_.load(web_).value().document.bytes(), R"({"status":"running","n":1})");
}

}  // namespace
}  // namespace latchfile::test
