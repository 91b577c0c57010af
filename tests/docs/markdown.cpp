// SPDX-License-Identifier: Apache-2.0
#include "docs/markdown.hpp"

#include <algorithm>
#include <cctype>
#include <regex>
#include <set>

namespace latchfile::test {
namespace {

constexpr std::string_view fence = "```";

std::vector<std::string> first_groups(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end;
       ++match) {
    found.push_back((*match)[1]);
  }
  return found;
}

std::string anchor_of(std::string_view heading) {
  std::string anchor;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || c == '-' || c == '_') anchor += static_cast<char>(std::tolower(byte));
    if (c == ' ') anchor += '-';
  }
  return anchor;
}

}  // namespace

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string> fenced_blocks(std::string_view markdown, std::string_view language) {
  std::vector<std::string> blocks;
  bool inside = false;
  bool wanted = false;
  for (const auto& line : lines_of(markdown)) {
    if (line.starts_with(fence)) {
      inside = !inside;
      wanted = inside && std::string_view(line).substr(fence.size()) == language;
      if (wanted) blocks.emplace_back();
    } else if (wanted) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

std::string without_blocks(std::string_view markdown) {
  std::string text;
  bool inside = false;
  for (const auto& line : lines_of(markdown)) {
    if (line.starts_with(fence)) {
      inside = !inside;
    } else if (!inside) {
      text += line + "\n";
    }
  }
  return text;
}

std::vector<std::string> link_targets(std::string_view markdown) {
  return first_groups(without_blocks(markdown), R"(\]\(([^)\s]+)\))");
}

std::vector<std::string> code_spans(std::string_view markdown) {
  return first_groups(without_blocks(markdown), "`([^`\n]+)`");
}

std::vector<std::string> heading_anchors(std::string_view markdown) {
  std::vector<std::string> anchors;
  for (const auto& line : lines_of(without_blocks(markdown))) {
    const auto text = line.find_first_not_of('#');
    if (text == 0 || text == line.npos || line[text] != ' ') continue;
    anchors.push_back(anchor_of(std::string_view(line).substr(text + 1)));
  }
  return anchors;
}

std::vector<std::filesystem::path> markdown_files() {
  const std::set<std::string> left_out = {"build", ".git"};
  std::vector<std::filesystem::path> files;
  auto entry = std::filesystem::recursive_directory_iterator(LATCHFILE_SOURCE_DIR);
  for (; entry != std::filesystem::recursive_directory_iterator(); ++entry) {
    if (entry.depth() == 0 && left_out.contains(entry->path().filename().string())) {
      entry.disable_recursion_pending();
    } else if (entry->path().extension() == ".md") {
      files.push_back(entry->path());
    }
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace latchfile::test
