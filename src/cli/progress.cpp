// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"

namespace latchfile::cli {
namespace {

constexpr std::size_t least_entries = 1000;
constexpr std::size_t bar_columns = 30;
constexpr const char* clear_line = "\r\033[K";

}  // namespace

Progress::~Progress() {
  if (shown_.empty()) return;
  notes_.write(clear_line);
  notes_.flush_or_drop();
}

void Progress::show(std::size_t done, std::size_t of) {
  if (!watched_ || of < least_entries) return;
  const auto filled = bar_columns * done / of;
  auto line = "[" + std::string(filled, '#') + std::string(bar_columns - filled, ' ') + "] " +
              std::to_string(100 * done / of) + "% of " + std::to_string(of) + " entries";
  if (line == shown_) return;
  notes_.write(clear_line + line);
  notes_.flush_or_drop();
  shown_ = std::move(line);
}

}  // namespace latchfile::cli
