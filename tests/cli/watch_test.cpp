// SPDX-License-Identifier: Apache-2.0
//
// latchfile watch: what it prints, when, and how it ends.
#include <array>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"
#include "support/child.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

/// `latchfile watch`, with its output in a pipe that the test reads line by line.
class Follower {
 public:
  Follower(const std::string& root, const std::vector<std::string>& arguments) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    reading_ = ends[0];
    const int writing = ends[1];
    child_.emplace([&]() -> int {
      dup2(writing, STDOUT_FILENO);
      dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
      std::signal(SIGPIPE, SIG_DFL);
      std::vector<std::string> all = {LATCHFILE_BINARY, "--root", root, "watch"};
      all.insert(all.end(), arguments.begin(), arguments.end());
      execute(all);
    });
    close(writing);
  }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;
  ~Follower() { stop_reading(); }

  /// The next line; waits for it.
  std::string line() {
    const bool whole = eventually([&] {
      if (text_.find('\n') != text_.npos) return true;
      std::array<char, 4096> buffer{};
      fcntl(reading_, F_SETFL, O_NONBLOCK);
      const auto got = read(reading_, buffer.data(), buffer.size());
      if (got > 0) text_.append(buffer.data(), static_cast<std::size_t>(got));
      return text_.find('\n') != text_.npos;
    });
    if (!whole) return "no line came";
    const auto end = text_.find('\n');
    auto first = text_.substr(0, end);
    text_.erase(0, end + 1);
    return first;
  }
  std::vector<std::string> lines(int count) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i)
      all.push_back(line());
    return all;
  }

  void stop_reading() {
    if (reading_ >= 0) close(reading_);
    reading_ = -1;
  }
  [[nodiscard]] Child& child() { return *child_; }

 private:
  int reading_ = -1;
  std::optional<Child> child_;
  std::string text_;
};

class WatchCommand : public Cli {
 protected:
  void expect_done(const std::vector<std::string>& arguments, std::string_view input = {}) const {
    EXPECT_THAT(latchfile(arguments, input), succeeds());
  }
};

TEST_F(WatchCommand, PrintsALineForEachEventAtOnce) {
  create("web", R"({"status":"creating"})");
  create("pod1/db", "{}");
  Follower watch(root, {});
  EXPECT_THAT(watch.lines(3),
              ElementsAre("present    pod1/db                 0         -",
                          "present    web                     0         creating", "listed"));
  expect_done({"update", "web", "--merge", R"({"status":"stopped","pid":0})"});
  EXPECT_EQ(watch.line(), "changed    web                     0         stopped");
  expect_done({"delete", "web"});
  EXPECT_EQ(watch.line(), "deleted    web                     -         -");
  expect_done({"create", "web"}, R"({"status":"a\u001bb"})");
  EXPECT_EQ(watch.line(), "created    web                     0         a\\x1bb");
}

TEST_F(WatchCommand, PrintsJsonLines) {
  create("pod1/web", R"({"status":"created","bundle":"/b","annotations":{"a":"1"}})");
  Follower watch(root, {"--format", "json"});
  const auto present = json::parse(watch.line());
  auto expected = json::parse(latchfile({"list", "-f", "json"}).out).at(0);
  expected["event"] = "present";
  EXPECT_EQ(present, expected) << "as in a list";
  EXPECT_EQ(json::parse(watch.line()), json::parse(R"({"event":"listed"})"));
  expect_done({"delete", "pod1/web"});
  EXPECT_EQ(watch.line(), R"({"event":"deleted","id":"web","sandbox":"pod1"})");
}

TEST_F(WatchCommand, OfSomePrintsNothingOfOthersAndWaitsForThem) {
  Follower watch(root, {"web", "pod1/web"});
  EXPECT_EQ(watch.line(), "listed") << "in a root that is not there yet";
  create("db", "{}");
  create("pod1/web", "{}");
  EXPECT_THAT(watch.line(), HasSubstr("created    pod1/web "));
}

TEST_F(WatchCommand, ShowsWhatCannotBeRead) {
  std::filesystem::create_directory(root);
  Follower watch(root, {"-f", "json"});
  EXPECT_EQ(json::parse(watch.line())["event"], "listed");
  std::filesystem::create_directory(path_of("web.state"));
  const auto created = json::parse(watch.line());
  EXPECT_EQ(created["event"], "created");
  EXPECT_EQ(created["status"], "insecure");
  EXPECT_THAT(created["error"], HasSubstr("is a directory, not a regular file"));
}

TEST_F(WatchCommand, EndsQuietlyOnceNobodyReads) {
  create("web", "{}");
  const auto expect_end = [](Follower& watch) { EXPECT_EQ(watch.child().wait(), 128 + SIGPIPE); };
  {
    Follower watch(root, {});
    EXPECT_EQ(watch.lines(2).back(), "listed");
    // Nothing changes, and nothing is written that could fail.
    ASSERT_TRUE(eventually([&] { return is_sleeping(watch.child().pid()); }));
    watch.stop_reading();
    expect_end(watch);
  }
  EXPECT_THAT(shell("latchfile watch | head -n 1"), prints(HasSubstr("present    web")));
}

TEST_F(WatchCommand, IntoAFileGoesOn) {
  create("web", "{}");
  const Child watch([&] {
    const int file = open((dir / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    dup2(file, STDOUT_FILENO);
    execl(LATCHFILE_BINARY, "latchfile", "--root", root.c_str(), "watch", nullptr);
    return 127;
  });
  const auto has = [&](const std::string& text) {
    return eventually([&] {
      return std::filesystem::exists(dir / "out") &&
             read_text(dir / "out").find(text) != std::string::npos;
    });
  };
  EXPECT_TRUE(has("listed\n"));
  expect_done({"delete", "web"});
  EXPECT_TRUE(has("deleted    web"));
}

TEST_F(WatchCommand, WithoutAPlaceToPrintFails) {
  EXPECT_THAT(shell("latchfile watch >&-"),
              fails_saying(1, "write to standard output: Bad file descriptor"));
  EXPECT_THAT(shell("latchfile watch >/dev/full"),
              fails_saying(1, "write to standard output: No space left on device"));
}

TEST_F(WatchCommand, RefusesWhatItCannotWatch) {
  EXPECT_THAT(latchfile({"watch", "a/b/c"}), fails_saying(2, "latchfile watch: "));
  EXPECT_THAT(latchfile({"watch", "-f", "xml"}), fails_saying(2, "--format"));
  std::filesystem::create_directory(root);
  std::filesystem::permissions(root, std::filesystem::perms::all);
  EXPECT_THAT(latchfile({"watch"}), fails_saying(1, "has no sticky bit"));
  write_text(dir / "file", "");
  EXPECT_THAT(latchfile({"--root", dir / "file", "watch"}), fails_saying(1, "Not a directory"));
}

}  // namespace
}  // namespace latchfile::test
