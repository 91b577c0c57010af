// SPDX-License-Identifier: Apache-2.0
//
// docs/performance.md: its figures are those of the newest raw numbers that are kept.
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <iomanip>
#include <map>
#include <set>
#include <sstream>

#include "docs/markdown.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

const std::filesystem::path source_dir = LATCHFILE_SOURCE_DIR;

std::vector<std::string> fields_of(const std::string& line, char separator) {
  std::vector<std::string> fields;
  std::istringstream rest(line);
  for (std::string field; std::getline(rest, field, separator);)
    fields.push_back(field);
  return fields;
}

/// `name | ratio | goal`, as a row of the table begins, of each benchmark.
std::set<std::string> rows_of(const std::string& csv) {
  std::map<std::string, std::vector<double>> ratios;
  std::map<std::string, std::string> goals;
  for (const auto& line : lines_of(csv)) {
    if (line.starts_with('#') || line.starts_with("benchmark,")) continue;
    const auto fields = fields_of(line, ',');
    ratios[fields.at(0)].push_back(std::stod(fields.at(4)));
    goals[fields.at(0)] = fields.at(5);
  }
  std::set<std::string> rows;
  for (auto& [name, pairs] : ratios) {
    std::ranges::sort(pairs);
    std::ostringstream row;
    row << name << " | " << std::fixed << std::setprecision(2) << pairs[pairs.size() / 2] << " | "
        << goals[name];
    rows.insert(row.str());
  }
  return rows;
}

TEST(Performance, ItsTableHasTheMediansOfTheNewestRawNumbers) {
  std::set<std::filesystem::path> kept;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir / "bench/results"))
    kept.insert(entry.path());
  ASSERT_FALSE(kept.empty());
  const auto measured = rows_of(read_text(*kept.rbegin()));
  ASSERT_GE(measured.size(), 9U);

  const auto page = read_text(source_dir / "docs/performance.md");
  EXPECT_NE(page.find(kept.rbegin()->filename().string()), page.npos) << "which it is of";
  const auto table = page.substr(page.find("## Figures"));
  std::set<std::string> shown;
  for (const auto& line : lines_of(table.substr(0, table.find("\n## ", 1)))) {
    const auto end = line.rfind(" | ");
    if (line.starts_with("| ") && !line.starts_with("| benchmark ")) {
      shown.insert(line.substr(2, end - 2));
    }
  }
  EXPECT_EQ(shown, measured);
}

}  // namespace
}  // namespace latchfile::test
