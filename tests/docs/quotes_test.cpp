// SPDX-License-Identifier: Apache-2.0
//
// The C++ in the documents is that of the examples, which are built: each block stands there word
// for word, perhaps further to the right.
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <sstream>

#include "docs/markdown.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using Lines = std::vector<std::string>;

/// The lines without what they are all indented by, and without empty ones at both ends.
Lines unindented(Lines lines) {
  const auto is_empty = [](const std::string& line) {
    return line.find_first_not_of(' ') == line.npos;
  };
  while (!lines.empty() && is_empty(lines.back()))
    lines.pop_back();
  auto indent = std::string::npos;
  for (const auto& line : lines)
    indent = std::min(indent, line.find_first_not_of(' '));
  for (auto& line : lines)
    line.erase(0, std::min(indent, line.size()));
  return lines;
}

/// Whether `block` stands somewhere in `source`, all of it indented by as much as its beginning is.
bool stands_in(const Lines& block, const Lines& source) {
  for (std::size_t at = 0; at + block.size() <= source.size(); ++at) {
    const auto begin = source.begin() + static_cast<std::ptrdiff_t>(at);
    if (unindented(Lines(begin, begin + static_cast<std::ptrdiff_t>(block.size()))) == block) {
      return true;
    }
  }
  return false;
}

std::vector<std::filesystem::path> examples_that_are_built() {
  std::vector<std::filesystem::path> sources;
  std::istringstream list(EXAMPLE_SOURCES);
  for (std::string path; std::getline(list, path, ':');)
    sources.emplace_back(path);
  return sources;
}

TEST(Quotes, OfCodeAreFoundInAnExampleThatIsBuilt) {
  std::vector<Lines> sources;
  for (const auto& path : examples_that_are_built())
    sources.push_back(lines_of(read_text(path)));
  ASSERT_GE(sources.size(), 3U);
  std::size_t blocks = 0;
  for (const auto& page : markdown_files()) {
    for (const auto& text : fenced_blocks(read_text(page), "cpp")) {
      ++blocks;
      const auto block = unindented(lines_of(text));
      const bool found = std::ranges::any_of(
          sources, [&](const Lines& source) { return stands_in(block, source); });
      EXPECT_TRUE(found) << page << " has a block that is in no example:\n" << text;
    }
  }
  EXPECT_GE(blocks, 2U);
}

TEST(Quotes, MayBeFurtherToTheLeftAndNoOther) {
  const Lines source = {"int f() {", "  if (a) {", "    return 1;", "  }", "", "  return 2;", "}"};
  EXPECT_TRUE(stands_in({"if (a) {", "  return 1;", "}", "", "return 2;"}, source));
  EXPECT_TRUE(stands_in(source, source));
  EXPECT_FALSE(stands_in({"if (a) {", "return 1;", "}"}, source));
  EXPECT_FALSE(stands_in({"if (a) {", "  return 2;", "}"}, source));
  EXPECT_FALSE(stands_in({"return 2;", "return 1;"}, source));
}

}  // namespace
}  // namespace latchfile::test
