// SPDX-License-Identifier: Apache-2.0
//
// The sessions in the documents: what they show is what the commands print. Those of one page are
// one session, in a directory of its own.
#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <regex>

#include "docs/markdown.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

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

/// `text` with what differs from run to run made the same: times, process numbers, and with them
/// the width of their column. A terminal begins the prompt on a new line, whatever was printed
/// before.
std::string masked(std::string text) {
  text = std::regex_replace(text, std::regex(" +"), " ");
  text = std::regex_replace(text, std::regex("pid [0-9]+"), "pid N");
  text = std::regex_replace(text, std::regex("(^|\n)(\\S+) [0-9]+ holds"), "$1$2 N holds");
  text = std::regex_replace(text, std::regex("corrupt-[0-9]{8}T[0-9]{6}Z"), "corrupt-T");
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

TEST(Sessions, AreWhatTheCommandsPrint) {
  const std::string directory_in_documents = "/home/me";
  std::size_t pages = 0;
  for (const auto& page : markdown_files()) {
    std::vector<Exchange> shown;
    for (const auto& session : fenced_blocks(read_text(page), "console")) {
      const auto exchanges = exchanges_of(session);
      shown.insert(shown.end(), exchanges.begin(), exchanges.end());
    }
    if (shown.empty()) continue;
    ++pages;
    const TempDir directory;
    const auto found = replay(shown, directory);
    for (std::size_t i = 0; i < shown.size(); ++i) {
      const auto printed =
          replaced(found[i].printed, directory.path().string(), directory_in_documents);
      EXPECT_EQ(masked(shown[i].printed), masked(printed)) << page << ": $ " << shown[i].command;
    }
  }
  EXPECT_GE(pages, 2U);
}

}  // namespace
}  // namespace latchfile::test
