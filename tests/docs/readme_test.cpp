// SPDX-License-Identifier: Apache-2.0
//
// README.md: its example is the program that is built, its session is what the command prints, its
// tables name what there is.
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <regex>

#include "docs/markdown.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

const std::filesystem::path source_dir = LATCHFILE_SOURCE_DIR;

std::string readme() { return read_text(source_dir / "README.md"); }

/// What follows the comment at the beginning of a source file.
std::string body_of(const std::filesystem::path& source) {
  std::string body;
  for (const auto& line : lines_of(read_text(source))) {
    if (body.empty() && line.starts_with("//")) continue;
    body += line + "\n";
  }
  return body;
}

/// A line `$ COMMAND` of a session and what is printed under it.
struct Exchange {
  std::string command;
  std::string printed;
};

std::vector<Exchange> exchanges_of(const std::string& session) {
  std::vector<Exchange> exchanges;
  for (const auto& line : lines_of(session)) {
    if (line.starts_with("$ ")) {
      exchanges.push_back({line.substr(2), {}});
    } else if (!exchanges.empty()) {
      exchanges.back().printed += line + "\n";
    }
  }
  return exchanges;
}

/// Runs the commands one after the other in one shell, as somebody who types them does, and fills
/// in what each printed.
std::vector<Exchange> replay(std::vector<Exchange> exchanges, const TempDir& directory) {
  constexpr char separator = '\036';
  std::string script = "exec 2>&1\n";
  for (const auto& exchange : exchanges) {
    // The separator must not change what $? is for the next command.
    script += exchange.command + "\nlast=$?; printf '\\036'; (exit $last)\n";
  }
  const auto programs = std::filesystem::path(LATCHFILE_BINARY).parent_path().string();
  const auto outcome =
      run({"bash", "-c", script}, {.env = {"PATH=" + programs + ":/usr/bin:/bin"},
                                   .working_directory = directory.path().string()});
  std::string_view rest = outcome.out;
  for (auto& exchange : exchanges) {
    const auto end = std::min(rest.find(separator), rest.size());
    exchange.printed = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return exchanges;
}

/// `text` with what differs from run to run made the same: process numbers, and with them the width
/// of their column. A terminal begins the prompt on a new line, whatever was printed before.
std::string masked(std::string text) {
  text = std::regex_replace(text, std::regex(" +"), " ");
  text = std::regex_replace(text, std::regex("pid [0-9]+"), "pid N");
  text = std::regex_replace(text, std::regex("(^|\n)(\\S+) [0-9]+ holds"), "$1$2 N holds");
  while (text.ends_with('\n'))
    text.pop_back();
  return text;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

TEST(Readme, ItsExampleIsTheProgramThatIsBuilt) {
  const auto examples = fenced_blocks(readme(), "cpp");
  ASSERT_FALSE(examples.empty());
  EXPECT_EQ(examples.front(), body_of(source_dir / "examples/quickstart.cpp"));
}

TEST(Readme, ItsExampleRunsAndLeavesNothing) {
  const TempDir directory;
  const auto root = directory / "root";
  const auto outcome = run({QUICKSTART, root});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "{\"status\":\"running\",\"pid\":4711}\n");
  EXPECT_TRUE(names_in(root).empty());
}

TEST(Readme, ItsSessionIsWhatTheCommandPrints) {
  const std::string directory_in_readme = "/home/me";
  const auto sessions = fenced_blocks(readme(), "console");
  ASSERT_EQ(sessions.size(), 1U);
  const auto shown = exchanges_of(sessions.front());
  ASSERT_FALSE(shown.empty());

  const TempDir directory;
  const auto found = replay(shown, directory);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const auto printed = replaced(found[i].printed, directory.path().string(), directory_in_readme);
    EXPECT_EQ(masked(shown[i].printed), masked(printed)) << "$ " << shown[i].command;
  }
}

TEST(Readme, ItsTableNamesEveryCommand) {
  const auto help = run({LATCHFILE_BINARY, "--help"}).out;
  const auto begin = help.find("Subcommands:\n");
  ASSERT_NE(begin, help.npos);
  std::vector<std::string> commands;
  for (const auto& line : lines_of(std::string_view(help).substr(begin))) {
    if (line.empty()) break;
    if (line.starts_with("  ")) commands.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  std::vector<std::string> named;
  for (const auto& line : lines_of(readme())) {
    std::smatch match;
    if (std::regex_search(line, match, std::regex("^\\| `latchfile ([a-z]+)"))) {
      named.push_back(match[1]);
    }
  }
  std::ranges::sort(commands);
  std::ranges::sort(named);
  ASSERT_FALSE(commands.empty());
  EXPECT_EQ(named, commands);
}

}  // namespace
}  // namespace latchfile::test
