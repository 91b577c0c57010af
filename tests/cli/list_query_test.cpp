// SPDX-License-Identifier: Apache-2.0
//
// latchfile list --filter, --sort and --format TEMPLATE: which containers, in which order, and what
// of each.
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr auto known_fields =
    "but there are id, pid, status, bundle, created, owner, sandbox, host and annotations.NAME";

class ListQuery : public Cli {
 protected:
  void SetUp() override {
    create("db", R"({"status":"stopped","owner":"jo","createdAt":"2026-11-24T10:00:00Z"})");
    create("pod1/web", R"({"status":"running","pid":)" + std::to_string(getpid()) +
                           R"(,"owner":"root","annotations":{"tier":"front"},)"
                           R"("created":"2026-11-24T11:30:00+02:00"})");
    create("pod1/api", R"({"status":"running","pid":2147483647,"owner":"jo",)"
                       R"("annotations":{"tier":"back"},"created":"2026-11-24T11:00:00.5Z"})");
  }
};

TEST_F(ListQuery, FiltersByWhatTheTableShows) {
  EXPECT_THAT(latchfile({"list", "-q", "--filter", "status=running"}), prints("pod1/web\n"))
      << "the process of pod1/api is gone";
  EXPECT_THAT(latchfile({"list", "-q", "--filter", "status=stopped"}), prints("db\npod1/api\n"));
  EXPECT_THAT(latchfile({"list", "-q", "--filter", "owner=jo"}), prints("db\npod1/api\n"));
  EXPECT_THAT(latchfile({"list", "-q", "--filter", "sandbox=pod1"}),
              prints("pod1/api\npod1/web\n"));
  EXPECT_THAT(latchfile({"list", "-q", "--filter=sandbox="}), prints("db\n"));
  EXPECT_THAT(latchfile({"list", "-q", "--filter", "annotations.tier=front"}),
              prints("pod1/web\n"));
  EXPECT_THAT(latchfile({"list", "-q", "--filter", "id=pod1/web"}), prints("pod1/web\n"));
  EXPECT_THAT(latchfile({"list", "-q", "--filter", "id=web"}), prints(""));
}

TEST_F(ListQuery, OfSeveralFiltersAllMustFit) {
  EXPECT_THAT(latchfile({"list", "-q", "--filter", "status=stopped", "--filter", "sandbox=pod1"}),
              prints("pod1/api\n"));
  EXPECT_THAT(latchfile({"list", "-q", "--filter", "status=stopped", "--filter", "status=running"}),
              prints(""));
  EXPECT_THAT(latchfile({"list", "-q", "--sandbox", "pod1", "--filter", "owner=root"}),
              prints("pod1/web\n"));
}

TEST_F(ListQuery, FiltersTableAndJsonAsWell) {
  EXPECT_THAT(latchfile({"list", "--filter", "status=none"}),
              prints("ID   PID   STATUS   BUNDLE   CREATED   OWNER\n"));
  EXPECT_THAT(latchfile({"list", "--filter", "owner=root"}),
              prints(AllOf(HasSubstr("\npod1/web "), Not(HasSubstr("api")))));
  EXPECT_THAT(latchfile({"list", "-f", "json", "--filter", "status=none"}), prints("[]\n"));
  const auto found = json::parse(latchfile({"list", "-f", "json", "--filter", "owner=jo"}).out);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0]["id"], "db");
  EXPECT_EQ(found[1]["id"], "api");
}

TEST_F(ListQuery, Sorts) {
  EXPECT_THAT(latchfile({"list", "-q", "--sort", "created"}), prints("pod1/web\ndb\npod1/api\n"));
  EXPECT_THAT(latchfile({"list", "-q", "--sort", "-created"}), prints("pod1/api\ndb\npod1/web\n"));
  EXPECT_THAT(latchfile({"list", "-q", "--sort=-pid"}), prints("pod1/api\npod1/web\ndb\n"));
  EXPECT_THAT(latchfile({"list", "-q", "--sort", "owner"}), prints("db\npod1/api\npod1/web\n"));
  const auto found = json::parse(latchfile({"list", "-f", "json", "--sort", "-id"}).out);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0]["id"], "web");
  EXPECT_EQ(found[2]["id"], "db");
}

TEST_F(ListQuery, PrintsALineOfATemplateForEach) {
  EXPECT_THAT(latchfile({"list", "-f", "{id} {status} {annotations.tier}"}),
              prints("db stopped -\npod1/api stopped back\npod1/web running front\n"));
  EXPECT_THAT(latchfile({"list", "--format", "[{sandbox}] {{{owner}}}", "--sort", "-owner",
                         "--filter", "sandbox=pod1"}),
              prints("[pod1] {root}\n[pod1] {jo}\n"));
  EXPECT_THAT(latchfile({"list", "--format=[{pid}]", "--filter", "id=db"}), prints("[0]\n"));
}

TEST_F(ListQuery, OfATemplateDoesNotLetValuesReachTheTerminal) {
  create("evil", R"({"owner":"\u001b[2J\nx","bundle":"b\u00fc"})");
  EXPECT_THAT(latchfile({"list", "-f", "{id} {owner} {bundle}", "--filter", "id=evil"}),
              prints("evil \\x1b[2J\\x0ax b\\xc3\\xbc\n"));
}

TEST_F(ListQuery, ShowsWhatCannotBeReadOnlyWhereItFitsAndNamesItAlways) {
  write_text(path_of("torn.state"), "{");
  for (const auto& [filter, ids] : std::vector<std::pair<std::string, std::string>>{
           {"status=corrupt", "torn\n"}, {"status=running", "pod1/web\n"}}) {
    EXPECT_THAT(latchfile({"list", "-q", "--filter", filter}),
                ends(0, ids, one_line("load torn: " + path_of("torn.state") + " is corrupt")));
  }
}

TEST_F(ListQuery, ThatCannotBeUnderstoodIsToldBeforeAnythingIsRead) {
  const auto told = [&](const std::vector<std::string>& arguments, const std::string& text) {
    std::vector<std::string> all = {"--root", "/dev/null/none", "list"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    EXPECT_THAT(latchfile(all), fails(2, "latchfile list: " + text));
  };
  told({"--filter", "state=running"},
       "filter 'state=running': there is no field 'state', " + std::string(known_fields));
  told({"--filter", "status=running", "--filter", "running"},
       "filter 'running': it is no FIELD=VALUE, such as status=running");
  told({"--sort", "age"}, "sort by 'age': there is no field 'age', " + std::string(known_fields));
  told({"-f", "{id} {ip}"},
       "format '{id} {ip}': there is no field 'ip', " + std::string(known_fields));
  told({"-f", "{id"}, "format '{id': a '{' stands alone; write it twice to have it");
  told({"-q", "--sort", "a\n\x1b"},
       "sort by 'a\\x0a\\x1b': there is no field 'a\\x0a\\x1b', " + std::string(known_fields));
}

TEST_F(ListQuery, TakesOneValueForEachFilter) {
  EXPECT_THAT(latchfile({"list", "--filter", "owner=jo", "owner=root"}),
              fails_saying(2, "not expected: owner=root"));
}

}  // namespace
}  // namespace latchfile::test
