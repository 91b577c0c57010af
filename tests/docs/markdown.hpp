// SPDX-License-Identifier: Apache-2.0
//
// As much of Markdown as the tests of the documents need: fenced blocks, links, code spans,
// headings.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace latchfile::test {

/// The lines of a text, without their ends.
[[nodiscard]] std::vector<std::string> lines_of(std::string_view text);

/// The content of each block that begins with three backticks and `language`.
[[nodiscard]] std::vector<std::string> fenced_blocks(std::string_view markdown,
                                                     std::string_view language);

/// The text without its fenced blocks.
[[nodiscard]] std::string without_blocks(std::string_view markdown);

/// The targets of links in the text, blocks excluded: `docs/design.md#words` of
/// `[words](docs/design.md#words)`.
[[nodiscard]] std::vector<std::string> link_targets(std::string_view markdown);

/// The contents of `code spans`, blocks excluded.
[[nodiscard]] std::vector<std::string> code_spans(std::string_view markdown);

/// What a link to each heading is written as after the #: lower case, spaces as hyphens, everything
/// but letters, digits, hyphens and underscores left out.
[[nodiscard]] std::vector<std::string> heading_anchors(std::string_view markdown);

/// Every *.md of the project, whatever is built or belongs to git left out.
[[nodiscard]] std::vector<std::filesystem::path> markdown_files();

}  // namespace latchfile::test
