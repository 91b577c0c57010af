// SPDX-License-Identifier: Apache-2.0
//
// What is different on a terminal: a last newline, a bold header, lines cut at its width, and a
// word about what is being waited for.
#include <csignal>

#include "cli/cli.hpp"
#include "cli/terminal.hpp"

namespace latchfile::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Terminal : public Cli {
 protected:
  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {LATCHFILE_BINARY, "--root", root};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

  /// What a command shows on a terminal of that width.
  [[nodiscard]] std::string shown(const std::vector<std::string>& arguments,
                                  unsigned short columns = 80,
                                  const std::vector<std::string>& env = {}) const {
    return OnTerminal(command(arguments), columns, env).end().out;
  }
};

TEST_F(Terminal, GetsALastNewlineIfTheDocumentHasNone) {
  create("web", "{}");
  create("db", "{}\n");
  EXPECT_EQ(shown({"state", "web"}), "{}\n");
  EXPECT_EQ(shown({"state", "db"}), "{}\n");
}

TEST_F(Terminal, HasABoldHeader) {
  create("web", "{}");
  EXPECT_EQ(shown({"list"}),
            "\033[1mID    PID   STATUS   BUNDLE   CREATED   OWNER\033[0m\n"
            "web   0     -        -        -         -\n");
  EXPECT_EQ(shown({"locks"}), "\033[1mID   PID   DOES   COMMAND\033[0m\n");
  EXPECT_EQ(shown({"list", "-q"}), "web\n");
  EXPECT_THAT(shown({"list", "-f", "json"}), Not(HasSubstr("\033")));
}

TEST_F(Terminal, HasNoColoursIfNoneAreWanted) {
  EXPECT_EQ(shown({"list"}, 80, {"NO_COLOR=1"}), "ID   PID   STATUS   BUNDLE   CREATED   OWNER\n");
}

TEST_F(Terminal, CutsLinesAtItsWidth) {
  create("web", R"({"bundle":")" + std::string(300, 'b') + R"("})");
  EXPECT_EQ(shown({"list"}, 20),
            "\033[1mID    PID   STATUS  \033[0m\n"
            "web   0     -       \n");
  EXPECT_EQ(shown({"list"}, 30),
            "\033[1mID    PID   STATUS   BUNDLE   \033[0m\n"
            "web   0     -        " +
                std::string(9, 'b') + "\n");
  // A terminal that does not tell its width.
  EXPECT_THAT(shown({"list"}, 0),
              HasSubstr("\nweb   0     -        " + std::string(59, 'b') + "\n"));
  EXPECT_THAT(latchfile({"list"}), prints(HasSubstr(std::string(300, 'b')))) << "not a terminal";
}

TEST_F(Terminal, ShowsWhoIsWaitedFor) {
  create("web", "{\"a\":1}");
  Holder holder(dir, root, "web");
  OnTerminal waiting(command({"update", "web", "--merge", "{\"a\":2}"}));
  EXPECT_TRUE(waiting.shows("latchfile update: waiting: lock web: " + path_of("web.lock") +
                            " is held by pid " + std::to_string(holder.pid()) + " ("));
  holder.signal(SIGTERM);
  holder.wait();
  EXPECT_EQ(waiting.end().exit_code, 0);
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":2}"));
}

TEST_F(Terminal, ShowsWhoIsWaitedForByEveryCommandThatLocks) {
  create("web", "{}");
  const Holder holder(dir, root, "web");
  for (const auto& arguments :
       std::vector<std::vector<std::string>>{{"create", "web", "new.json"},
                                             {"save", "web", "new.json"},
                                             {"delete", "web"},
                                             {"update", "web", "--", "cat"},
                                             {"lock", "web", "--", "true"}}) {
    SCOPED_TRACE(arguments.front());
    auto with_file = arguments;
    for (auto& argument : with_file) {
      if (argument == "new.json") argument = dir / argument;
    }
    write_text(dir / "new.json", "{}");
    with_file.insert(with_file.begin() + 1, {"--timeout", "0.05"});
    const auto outcome = OnTerminal(command(with_file)).end();
    EXPECT_EQ(outcome.exit_code, 5);
    const auto program = "latchfile " + arguments.front() + ": ";
    EXPECT_THAT(outcome.out, StartsWith(program + "waiting: "));
    EXPECT_THAT(outcome.out, HasSubstr("\n" + program)) << "the error has a line of its own";
  }
}

TEST_F(Terminal, SaysNothingOfAWaitThatIsNone) {
  create("web", "{}");
  EXPECT_EQ(shown({"lock", "web", "--", "true"}), "");
  const Holder holder(dir, root, "web");
  EXPECT_THAT(shown({"lock", "web", "--nonblock", "--", "true"}), Not(HasSubstr("waiting")));
}

}  // namespace
}  // namespace latchfile::test
