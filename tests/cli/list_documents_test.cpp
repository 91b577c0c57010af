// SPDX-License-Identifier: Apache-2.0
//
// What latchfile list reads from the documents of the runtimes, and whether it finds their
// processes.
#include <cstdint>
#include <sstream>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class ListDocuments : public Cli {
 protected:
  /// The row of the only container.
  [[nodiscard]] json only_row() const {
    const auto listed = json::parse(latchfile({"list", "-f", "json"}).out);
    return listed.size() == 1 ? listed[0] : json();
  }
};

std::string example(const std::string& name) {
  return read_text(LATCHFILE_SOURCE_DIR "/examples/" + name);
}

/// One that no process has: pids end at 4194304 (proc(5), pid_max).
const std::string dead_pid = "2147483647";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  return text.replace(text.find(what), what.size(), by);
}

/// Field 22 of /proc/self/stat.
std::uint64_t own_start_time() {
  const auto stat = read_text("/proc/self/stat");
  std::istringstream rest(stat.substr(stat.rfind(')') + 2));
  std::string field;
  for (int number = 3; number <= 22; ++number)
    rest >> field;
  return std::stoull(field);
}

TEST_F(ListDocuments, OfOciStates) {
  create("web", R"({"ociVersion":"1.2.0","id":"web","status":"created","pid":)" + dead_pid +
                    R"(,"bundle":"/srv/web","annotations":{"tier":"front"}})");
  EXPECT_THAT(latchfile({"list"}),
              prints("ID    PID          STATUS    BUNDLE     CREATED   OWNER\n"
                     "web   2147483647   stopped   /srv/web   -         -\n"));
  EXPECT_EQ(only_row(), json::parse(R"({"ociVersion":"1.2.0","id":"web","sandbox":"",
      "pid":2147483647,"status":"stopped","bundle":"/srv/web","created":"","owner":"",
      "annotations":{"tier":"front"}})"));
}

TEST_F(ListDocuments, OfRunsc) {
  // No kernel has pids as large as that, so that its process is surely gone.
  create("g3/g3", replaced(example("runsc-state.json"), "\"pid\":27682", "\"pid\":" + dead_pid));
  EXPECT_THAT(
      latchfile({"list"}),
      prints("ID      PID          STATUS    BUNDLE             CREATED                          "
             "OWNER\n"
             "g3/g3   2147483647   stopped   /srv/bundles/web   2026-11-24T13:42:42.444123416Z   "
             "-\n"));
  EXPECT_EQ(only_row()["ociVersion"], "1.0.2-dev");
}

TEST_F(ListDocuments, OfRunc) {
  create("c3", example("runc-state.json"));
  const auto row = only_row();
  EXPECT_EQ(row["pid"], 27628);
  EXPECT_EQ(row["bundle"], "/srv/bundles/web");
  EXPECT_EQ(row["created"], "2026-11-24T13:42:42.168765534Z");
  EXPECT_EQ(row["ociVersion"], "1.0.2-dev");
  EXPECT_EQ(row["annotations"], json::object());
  EXPECT_EQ(row["status"], "stopped") << "no process has this pid and started when that one did";
}

TEST_F(ListDocuments, OfCrun) {
  create("web",
         R"({"pid":0,"process-start-time":0,"cgroup-path":"/web","rootfs":"/srv/web/rootfs",)"
         R"("bundle":"/srv/web","created":"2026-11-24T13:42:42.4Z","owner":"jo",)"
         R"("systemd-cgroup":false})");
  EXPECT_THAT(latchfile({"list"}),
              prints("ID    PID   STATUS   BUNDLE     CREATED                  OWNER\n"
                     "web   0     -        /srv/web   2026-11-24T13:42:42.4Z   jo\n"));
}

TEST_F(ListDocuments, FindAProcessByItsPidAndStartTime) {
  struct Form {
    std::string pid;
    std::string start_time;
  };
  for (const auto& [pid, start_time] :
       {Form{"init_process_pid", "init_process_start"}, Form{"pid", "process-start-time"}}) {
    for (const bool same : {true, false}) {
      SCOPED_TRACE(pid + (same ? " of this process" : " of an earlier process"));
      create("web", "{\"" + pid + "\":" + std::to_string(getpid()) + ",\"" + start_time +
                        "\":" + std::to_string(own_start_time() + (same ? 0 : 1)) + "}");
      EXPECT_EQ(only_row()["status"], same ? "running" : "stopped");
      ASSERT_THAT(latchfile({"delete", "web"}), succeeds());
    }
  }
}

TEST_F(ListDocuments, ThatAreHostileDoNotReachTheTerminal) {
  create("web",
         R"({"status":"\u001b[2J","pid":3,"bundle":"/a\nweb2 9 running","owner":"b\u00fc"})");
  EXPECT_THAT(latchfile({"list"}),
              prints("ID    PID   STATUS    BUNDLE                 CREATED   OWNER\n"
                     "web   3     \\x1b[2J   /a\\x0aweb2 9 running   -         b\\xc3\\xbc\n"));
  EXPECT_EQ(only_row()["status"], "\x1b[2J") << "JSON has its own way to escape";
}

TEST_F(ListDocuments, OfOtherFormsHaveEmptyColumns) {
  create(
      "web",
      R"({"pid":"7","status":9,"bundle":[1],"created":{},"owner":null,"sandbox":3,"config":[]})");
  EXPECT_THAT(latchfile({"list"}),
              prints(HasSubstr("web   0     -        -        -         -\n")));
}

}  // namespace
}  // namespace latchfile::test
