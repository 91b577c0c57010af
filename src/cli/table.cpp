// SPDX-License-Identifier: Apache-2.0
#include "cli/table.hpp"

#include <algorithm>

#include "base/quote.hpp"

namespace latchfile::cli {
namespace {

constexpr std::size_t gap = 3;
constexpr std::size_t longest_field = 4096;

std::string line_of(const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t column = 0; column < row.size(); ++column) {
    line += row[column];
    if (column + 1 < row.size()) line.append(widths[column] + gap - row[column].size(), ' ');
  }
  return line;
}

}  // namespace

std::string shown(const std::string& field) {
  return field.empty() ? "-" : printable(field, longest_field);
}

void print_table(Output& out, const Row& header, const std::vector<Row>& rows) {
  std::vector<Row> lines = {header};
  for (const auto& row : rows) {
    lines.emplace_back();
    std::ranges::transform(row, std::back_inserter(lines.back()), shown);
  }
  std::vector<std::size_t> widths(header.size(), 0);
  for (const auto& line : lines) {
    for (std::size_t column = 0; column < line.size(); ++column) {
      widths[column] = std::max(widths[column], line[column].size());
    }
  }
  const auto columns = out.columns();
  const bool colours = out.colours();
  for (const auto& line : lines) {
    const auto text = line_of(line, widths).substr(0, columns);
    const bool bold = colours && &line == &lines.front();
    out.write(bold ? "\033[1m" + text + "\033[0m\n" : text + "\n");
  }
}

}  // namespace latchfile::cli
