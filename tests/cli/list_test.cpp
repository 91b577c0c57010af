// SPDX-License-Identifier: Apache-2.0
//
// latchfile list: which containers it shows, and that no bad entry keeps it from the others.
#include <filesystem>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using List = Cli;

TEST_F(List, OfNothingIsAHeaderOrAnEmptyArray) {
  for (const bool there : {false, true}) {
    if (there) fs::create_directory(root);
    EXPECT_THAT(latchfile({"list"}), prints("ID   PID   STATUS   BUNDLE   CREATED   OWNER\n"));
    EXPECT_THAT(latchfile({"list", "-f", "table"}), prints(HasSubstr("ID   PID")));
    EXPECT_THAT(latchfile({"list", "-f", "json"}), prints("[]\n"));
    EXPECT_THAT(latchfile({"list", "-q"}), prints(""));
    EXPECT_EQ(fs::exists(root), there);
  }
}

TEST_F(List, IsSortedAndShowsBothFormsOfId) {
  for (const std::string id : {"web", "pod2/web", "pod1/web", "db"})
    create(id, "{}");
  EXPECT_THAT(latchfile({"list", "-q"}), prints("db\npod1/web\npod2/web\nweb\n"));
  EXPECT_THAT(latchfile({"list", "--quiet"}), prints("db\npod1/web\npod2/web\nweb\n"));
  EXPECT_THAT(latchfile({"list"}), prints("ID         PID   STATUS   BUNDLE   CREATED   OWNER\n"
                                          "db         0     -        -        -         -\n"
                                          "pod1/web   0     -        -        -         -\n"
                                          "pod2/web   0     -        -        -         -\n"
                                          "web        0     -        -        -         -\n"));
  const auto listed = json::parse(latchfile({"list", "--format", "json"}).out);
  ASSERT_EQ(listed.size(), 4U);
  EXPECT_EQ(listed[1]["id"], "web");
  EXPECT_EQ(listed[1]["sandbox"], "pod1");
  EXPECT_EQ(listed[3]["sandbox"], "");
}

TEST_F(List, ShowsOneSandboxIfAsked) {
  for (const std::string id : {"pod1", "pod1/web", "pod1/db", "pod11/web"})
    create(id, "{}");
  EXPECT_THAT(latchfile({"list", "-q", "--sandbox", "pod1"}), prints("pod1/db\npod1/web\n"));
  EXPECT_THAT(latchfile({"list", "--sandbox", "pod"}),
              prints("ID   PID   STATUS   BUNDLE   CREATED   OWNER\n"));
  EXPECT_EQ(json::parse(latchfile({"list", "-f", "json", "--sandbox", "pod1"}).out).size(), 2U);
}

TEST_F(List, PassesOverNamesThatAreNotItsOwn) {
  create("web", "{}");
  for (const std::string name : {"web.state.tmp", "web.corrupt-2026", "we ird_sandbox:x.state",
                                 ".state", "notes.txt", "a:b.state"}) {
    write_text(path_of(name), "{");
  }
  EXPECT_THAT(latchfile({"list", "-q"}), prints("web\n"));
  EXPECT_THAT(latchfile({"list"}), prints(Not(HasSubstr("ird"))));
}

class ListOfBadEntries : public Cli {
 protected:
  void SetUp() override {
    create("good", R"({"status":"running","bundle":"/b"})");
    write_text(path_of("corrupt.state"), "{\"half\":");
    write_text(path_of("large.state"), "{}");
    fs::resize_file(path_of("large.state"), (std::size_t{16} << 20) + 1);
    fs::create_symlink(path_of("good.state"), path_of("link.state"));
    ASSERT_EQ(mkfifo(path_of("fifo.state").c_str(), 0600), 0);
    fs::create_directory(path_of("dir.state"));
    create("zebra", R"({"status":"paused"})");
  }

  static void expect_a_line_each(const std::string& err) {
    EXPECT_THAT(
        err,
        testing::MatchesRegex(
            "latchfile list: load corrupt: [^\n]*/corrupt.state is corrupt: [^\n]*\n"
            "latchfile list: load dir: [^\n]*/dir.state is a directory, not a regular file; "
            "[^\n]*\n"
            "latchfile list: load fifo: [^\n]*/fifo.state is a FIFO, not a regular file; [^\n]*\n"
            "latchfile list: load large: [^\n]*/large.state has 16777217 bytes, [^\n]*\n"
            "latchfile list: load link: [^\n]*/link.state is a symbolic link, [^\n]*\n"));
  }
};

TEST_F(ListOfBadEntries, ShowsEachWithWhatIsWrongAndTheOthers) {
  const auto listed = latchfile({"list"});
  EXPECT_EQ(listed.exit_code, 0);
  EXPECT_EQ(listed.out,
            "ID        PID   STATUS      BUNDLE   CREATED   OWNER\n"
            "corrupt   0     corrupt     -        -         -\n"
            "dir       0     insecure    -        -         -\n"
            "fifo      0     insecure    -        -         -\n"
            "good      0     running     /b       -         -\n"
            "large     0     too_large   -        -         -\n"
            "link      0     insecure    -        -         -\n"
            "zebra     0     paused      -        -         -\n");
  expect_a_line_each(listed.err);
}

TEST_F(ListOfBadEntries, TellsProgramsTheError) {
  const auto outcome = latchfile({"list", "-f", "json"});
  EXPECT_EQ(outcome.exit_code, 0);
  expect_a_line_each(outcome.err);
  const auto listed = json::parse(outcome.out);
  ASSERT_EQ(listed.size(), 7U);
  EXPECT_EQ(listed[0]["status"], "corrupt");
  EXPECT_THAT(listed[0]["error"].get<std::string>(),
              StartsWith("load corrupt: " + path_of("corrupt.state") + " is corrupt"));
  EXPECT_FALSE(listed[3].contains("error"));
  EXPECT_EQ(listed[3]["status"], "running");
}

TEST_F(ListOfBadEntries, AreNotReadForTheirIds) {
  EXPECT_THAT(latchfile({"list", "-q"}), prints("corrupt\ndir\nfifo\ngood\nlarge\nlink\nzebra\n"));
}

TEST_F(List, ShowsManyContainersThatSomebodyHolds) {
  create("web", "{}");
  for (int i = 0; i < 700; ++i) {
    write_text(path_of("c" + std::to_string(1000 + i) + ".state"),
               "{\"pid\":" + std::to_string(i) + "}");
  }
  const Holder holder(dir, root, "web");
  const auto listed = json::parse(latchfile({"list", "-f", "json"}).out);
  ASSERT_EQ(listed.size(), 701U);
  EXPECT_EQ(listed[699]["id"], "c1699");
  EXPECT_EQ(listed[699]["pid"], 699);
}

TEST_F(List, RefusesFormatsAndMixesItDoesNotKnow) {
  EXPECT_THAT(latchfile({"list", "-f", "yaml"}),
              fails(2,
                    "latchfile list: format 'yaml': it is neither table nor json, nor does it have "
                    "a field, as '{id}' does"));
  EXPECT_THAT(latchfile({"list", "-q", "-f", "json"}),
              fails(2, "latchfile list: --format excludes --quiet; see 'latchfile list --help'"));
  EXPECT_THAT(latchfile({"list", "web"}), fails_saying(2, "not expected: web"));
}

}  // namespace
}  // namespace latchfile::test
