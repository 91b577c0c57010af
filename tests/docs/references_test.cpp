// SPDX-License-Identifier: Apache-2.0
//
// What the documents point at exists: files and headings that are linked, tests that are cited.
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <regex>
#include <set>

#include "docs/markdown.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

/// What is wrong with a link from `page`; empty if nothing is.
std::string fault_of(const std::filesystem::path& page, const std::string& target) {
  const auto hash = target.find('#');
  const auto file = target.substr(0, hash);
  const auto linked = file.empty() ? page : page.parent_path() / file;
  if (!std::filesystem::exists(linked)) return "no such file";
  if (hash == target.npos) return {};
  const auto anchors = heading_anchors(read_text(linked));
  const bool found = std::ranges::find(anchors, target.substr(hash + 1)) != anchors.end();
  return found ? "" : "no such heading";
}

/// What ctest calls the tests of this build, for example `contract.Local/Locking.ListsInOrder/0`.
std::vector<std::string> tests_of_this_build() {
  const auto outcome = run({CTEST_EXECUTABLE, "--test-dir", LATCHFILE_BINARY_DIR, "-N"});
  const std::regex line(R"(Test +#\d+: (\S+))");
  std::vector<std::string> tests;
  for (std::sregex_iterator match(outcome.out.begin(), outcome.out.end(), line), end; match != end;
       ++match) {
    tests.push_back((*match)[1]);
  }
  return tests;
}

/// False where only some of the tests were built, or gVisor's code is not there to build with.
bool has_all_kinds(const std::vector<std::string>& tests) {
  return std::ranges::none_of(tests,
                              [](const auto& test) { return test.ends_with("_NOT_BUILT"); }) &&
         std::ranges::any_of(tests, [](const auto& test) { return test.starts_with("interop."); });
}

/// `Suite.Test` of each, which is `Locking.ListsInOrder` of the one above. The name of one that is
/// not of GoogleTest, `compile_fail.save_vacancy`, is its own.
std::set<std::string> without_prefixes(const std::vector<std::string>& tests) {
  const std::regex of_googletest(R"([a-z_]+\.(?:\w+/)?(\w+\.\w+)(?:/.*)?)");
  std::set<std::string> names;
  for (const auto& test : tests) {
    std::smatch match;
    names.insert(std::regex_match(test, match, of_googletest) ? std::string(match[1]) : test);
  }
  return names;
}

TEST(References, EveryLinkLeadsSomewhere) {
  const auto pages = markdown_files();
  ASSERT_FALSE(pages.empty());
  std::size_t links = 0;
  for (const auto& page : pages) {
    for (const auto& target : link_targets(read_text(page))) {
      if (target.find("://") != target.npos) continue;
      ++links;
      EXPECT_EQ(fault_of(page, target), "") << page << " links to " << target;
    }
  }
  EXPECT_GT(links, 0U);
}

TEST(References, EveryTestThatIsCitedExists) {
  const auto built = tests_of_this_build();
  if (!has_all_kinds(built)) GTEST_SKIP() << "not all tests are built";
  const auto tests = without_prefixes(built);
  const std::regex test_name("[A-Z][A-Za-z0-9]*\\.[A-Z][A-Za-z0-9]*|compile_fail\\.[a-z_]+");
  std::size_t cited = 0;
  for (const auto& page : markdown_files()) {
    for (const auto& name : code_spans(read_text(page))) {
      if (!std::regex_match(name, test_name)) continue;
      ++cited;
      EXPECT_TRUE(tests.contains(name)) << page << " cites " << name;
    }
  }
  EXPECT_GT(cited, 0U);
}

}  // namespace
}  // namespace latchfile::test
