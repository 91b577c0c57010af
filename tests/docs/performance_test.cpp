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

/// The newest of those whose names end with `-etcd.csv`, or of the others.
std::filesystem::path newest(bool of_etcd) {
  std::set<std::filesystem::path> kept;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir / "bench/results")) {
    if (entry.path().string().ends_with("-etcd.csv") == of_etcd) kept.insert(entry.path());
  }
  return kept.empty() ? std::filesystem::path() : *kept.rbegin();
}

/// The same rows of the table that is the first one below `heading`.
std::set<std::string> rows_below(const std::string& heading, const std::string& page) {
  std::set<std::string> rows;
  const auto table = page.find("\n| benchmark |", page.find(heading));
  if (table == page.npos) return rows;
  const auto end = page.find("\n\n", table);
  for (const auto& line : lines_of(page.substr(table + 1, end - table - 1))) {
    if (!line.starts_with("| benchmark ") && !line.starts_with("|--")) {
      rows.insert(line.substr(2, line.rfind(" | ") - 2));
    }
  }
  return rows;
}

void expect_medians_of(const std::filesystem::path& raw, const std::string& heading) {
  ASSERT_FALSE(raw.empty());
  const auto measured = rows_of(read_text(raw));
  ASSERT_GE(measured.size(), 9U);
  const auto page = read_text(source_dir / "docs/performance.md");
  EXPECT_NE(page.find("results/" + raw.filename().string()), page.npos) << "which it is of";
  EXPECT_EQ(rows_below(heading, page), measured);
}

TEST(Performance, ItsTableHasTheMediansOfTheNewestRawNumbers) {
  expect_medians_of(newest(false), "\n## Figures\n");
}

TEST(Performance, TheTableOfStoresInEtcdHasTheMediansOfItsNewestRawNumbers) {
  expect_medians_of(newest(true), "\n## Stores in etcd\n");
}

}  // namespace
}  // namespace latchfile::test
