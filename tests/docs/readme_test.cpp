// SPDX-License-Identifier: Apache-2.0
//
// README.md: its example is the program that is built, its tables name what there is.
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
