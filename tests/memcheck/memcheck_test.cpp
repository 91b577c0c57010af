// SPDX-License-Identifier: Apache-2.0
//
// The command under valgrind's memcheck: each of its ways through, the ones that fail as well. No
// value is used that was never set, no block is touched that is not ours, and none is lost.
//
// A run takes a second or so. What surrounds it is done without valgrind.
#include <sstream>
#include <unistd.h>

#include "cli/cli.hpp"
#include "support/sanitizer.hpp"

namespace latchfile::test {
namespace {

using testing::AllOf;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Memcheck : public Cli {
 protected:
  void SetUp() override {
    if (under_address_sanitizer || under_thread_sanitizer) {
      GTEST_SKIP() << "valgrind cannot run what a sanitizer was compiled into";
    }
    if (run({"valgrind", "--version"}).exit_code == 127) {
      GTEST_SKIP() << "valgrind is not installed";
    }
  }

  /// The command line of a program under valgrind. Of the child that is to become a CMD nothing is
  /// reported: if it cannot, it ends by _exit with all that its parent had in memory.
  [[nodiscard]] std::vector<std::string> under_valgrind(std::vector<std::string> arguments) const {
    const std::vector<std::string> checker = {"valgrind",
                                              "-q",
                                              "--error-exitcode=99",
                                              "--leak-check=full",
                                              "--show-leak-kinds=definite,indirect",
                                              "--errors-for-leak-kinds=definite,indirect",
                                              "--child-silent-after-fork=yes",
                                              "--suppressions=" + suppressions_,
                                              "--log-file=" + report_};
    arguments.insert(arguments.begin(), checker.begin(), checker.end());
    return arguments;
  }

  [[nodiscard]] Outcome valgrind(std::vector<std::string> arguments, std::string_view input = {}) {
    return run(under_valgrind(std::move(arguments)),
               {.input = input, .working_directory = dir.path().string()});
  }

  /// The command, under valgrind, on the root.
  [[nodiscard]] Outcome checked(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.insert(arguments.begin(), {LATCHFILE_BINARY, "--root", root});
    return valgrind(std::move(arguments), input);
  }

  /// What valgrind found in the last run. Lines that begin with "--" are about itself: that it has
  /// never heard of pidfd_open, for one.
  [[nodiscard]] std::string report() const {
    std::istringstream lines(read_text(report_));
    std::string found;
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("--")) found += line + '\n';
    }
    return found;
  }

  void TearDown() override {
    if (IsSkipped()) return;
    EXPECT_THAT(report(), IsEmpty());
  }

 private:
  const std::string suppressions_ = LATCHFILE_SOURCE_DIR "/tests/memcheck/simdjson.supp";
  const std::string report_ = dir / "report";
};

TEST_F(Memcheck, CreateFromStandardInput) {
  EXPECT_THAT(checked({"create", "pod1/web"}, R"({"pid":4711,"x":1.50,"s":"\u00e9"})"), succeeds());
}

TEST_F(Memcheck, CreateFromAFileOfARuntime) {
  const std::string file = LATCHFILE_SOURCE_DIR "/examples/runsc-state.json";
  EXPECT_THAT(checked({"create", "web", file}), succeeds());
}

TEST_F(Memcheck, CreateOfWhatExists) {
  create("web", "{}");
  EXPECT_THAT(checked({"create", "web"}, "{}"), fails_saying(4, "already exists"));
}

TEST_F(Memcheck, CreateOfWhatIsNoDocument) {
  EXPECT_THAT(checked({"create", "web"}, R"({"a":[1,2)"), fails_saying(2, "not JSON"));
}

TEST_F(Memcheck, StateByAPrefix) {
  create("pod1/web", R"({"pid":1})");
  EXPECT_THAT(checked({"state", "we"}), prints(R"({"pid":1})"));
}

TEST_F(Memcheck, StateOfNobody) { EXPECT_THAT(checked({"state", "web"}), fails_saying(3, "web")); }

TEST_F(Memcheck, StateOfWhatIsCorrupt) {
  create("web", "{}");
  write_text(path_of("web.state"), R"({"a":)");
  EXPECT_THAT(checked({"state", "web"}), fails_saying(7, "corrupt"));
}

TEST_F(Memcheck, Version) {
  create("web", "{}");
  EXPECT_THAT(checked({"state", "web", "--print-version"}), prints(StartsWith("sha256:")));
}

TEST_F(Memcheck, Save) {
  create("web", R"({"pid":1})");
  EXPECT_THAT(checked({"save", "web"}, R"({"pid":2})"), succeeds());
}

TEST_F(Memcheck, SaveOverAnotherVersion) {
  create("web", "{}");
  const auto version = "sha256:" + std::string(64, '0');
  EXPECT_THAT(checked({"save", "web", "--if-match", version}, "{}"), fails_saying(6, "version"));
}

TEST_F(Memcheck, UpdateByAMergePatch) {
  create("web", R"({"pid":1,"gone":{"a":[1,2e3]}})");
  EXPECT_THAT(checked({"update", "web", "--merge", R"({"pid":1.0,"gone":null})"}), succeeds());
  EXPECT_THAT(latchfile({"state", "web"}), prints(R"({"pid":1.0})"));
}

TEST_F(Memcheck, UpdateByAPatch) {
  create("web", R"({"a":[1,2],"b":{}})");
  EXPECT_THAT(checked({"update", "web", "--patch",
                       R"([{"op":"test","path":"/a","value":[1.0,2]},
                           {"op":"move","from":"/a/0","path":"/b/c"},
                           {"op":"copy","from":"/b","path":"/a/-"}])"}),
              succeeds());
  EXPECT_THAT(latchfile({"state", "web"}), prints(R"({"a":[2,{"c":1}],"b":{"c":1}})"));
}

TEST_F(Memcheck, UpdateByAPatchThatDoesNotApply) {
  create("web", "{}");
  EXPECT_THAT(checked({"update", "web", "--patch", R"([{"op":"remove","path":"/a"}])"}),
              fails_saying(2, "operation 0"));
}

TEST_F(Memcheck, UpdateByAFilter) {
  create("web", R"({"status":"created"})");
  EXPECT_THAT(checked({"update", "web", "--", "sed", "s/created/paused/"}), succeeds());
}

TEST_F(Memcheck, UpdateByAFilterThatIsNotThere) {
  create("web", "{}");
  EXPECT_THAT(checked({"update", "web", "--", dir / "absent"}), fails_saying(1, "absent"));
}

TEST_F(Memcheck, ListAsATable) {
  for (const auto* const of : {"runc", "runsc"})
    create(of, read_text(std::string(LATCHFILE_SOURCE_DIR "/examples/") + of + "-state.json"));
  create("bad", "{}");
  write_text(path_of("bad.state"), "x");
  EXPECT_THAT(checked({"list"}), Field(&Outcome::out, AllOf(HasSubstr("runc"), HasSubstr("bad"))));
}

TEST_F(Memcheck, ListAsJson) {
  create("web", "{}");
  for (int i = 0; i < 100; ++i)  // enough for several threads
    write_text(path_of("c" + std::to_string(i) + ".state"), R"({"id":"c","pid":1})");
  EXPECT_THAT(checked({"list", "-f", "json"}), prints(StartsWith("[{")));
}

TEST_F(Memcheck, Lock) {
  create("web", "{}");
  EXPECT_THAT(checked({"lock", "web", "--", "sh", "-c", "exit 3"}), ends(3, "", ""));
}

TEST_F(Memcheck, LockForWhatIsNotThere) {
  create("web", "{}");
  EXPECT_THAT(checked({"lock", "web", "--", dir / "absent"}), fails_saying(127, "absent"));
}

TEST_F(Memcheck, LockThatStaysBusy) {
  create("web", "{}");
  const Holder holder(dir, root, "web");
  EXPECT_THAT(checked({"lock", "web", "--timeout", "0.05", "--", "true"}),
              fails_saying(5, "still held by pid " + std::to_string(holder.pid())));
}

TEST_F(Memcheck, Locks) {
  create("web", "{}");
  const Holder holder(dir, root, "web");
  EXPECT_THAT(checked({"locks"}), prints(HasSubstr(std::to_string(holder.pid()))));
}

TEST_F(Memcheck, Delete) {
  create("pod1/web", "{}");
  EXPECT_THAT(checked({"delete", "pod1/web"}), succeeds());
}

TEST_F(Memcheck, WaitForWhatIsSo) {
  create("web", R"({"status":"running","annotations":{"ready":"true"}})");
  EXPECT_THAT(checked({"wait", "we", "--for", "annotations.ready=true"}), succeeds());
}

TEST_F(Memcheck, WaitInVain) {
  create("web", R"({"status":"running","pid":)" + std::to_string(getpid()) + "}");
  EXPECT_THAT(checked({"wait", "web", "--for", "status=stopped", "--timeout", "0.05"}),
              fails_saying(5, "status is 'running'"));
}

TEST_F(Memcheck, WaitForWhatCannotBe) {
  EXPECT_THAT(checked({"wait", "web", "--for", "x=y"}), fails_saying(2, "'x=y'"));
}

TEST_F(Memcheck, WatchOfWhatIsThere) {
  create("web", R"({"status":"running","pid":1})");
  create("pod1/db", "{}");
  // It would go on if it could print.
  const auto full = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"sh", "-c", "exec \"$@\" >/dev/full", "sh"});
    return run(arguments);
  };
  EXPECT_THAT(full(under_valgrind({LATCHFILE_BINARY, "--root", root, "watch", "-f", "json"})),
              fails_saying(1, "No space left on device"));
}

TEST_F(Memcheck, Help) { EXPECT_THAT(checked({"--help"}), prints(HasSubstr("locks"))); }

TEST_F(Memcheck, Misuse) { EXPECT_THAT(checked({"list", "--no-such"}), fails_saying(2, "--help")); }

/// What the tests above rest on: valgrind tells of faults, and we see it tell.
class FindsFaults : public Memcheck {
 protected:
  void TearDown() override {}
};

TEST_F(FindsFaults, InWhatIsCareless) {
  EXPECT_THAT(valgrind({CARELESS, "leak"}), ends(99, "", ""));
  EXPECT_THAT(report(), HasSubstr("definitely lost"));
  EXPECT_THAT(valgrind({CARELESS, "unset"}), ends(99, "", ""));
  EXPECT_THAT(report(), HasSubstr("uninitialised"));
}

}  // namespace
}  // namespace latchfile::test
