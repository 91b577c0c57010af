// SPDX-License-Identifier: Apache-2.0
//
// Options and arguments that several commands have.
#include "cli/commands.hpp"

#include <charconv>
#include <cmath>

namespace latchfile::cli {
namespace {

/// What is wrong with `text` as a number of seconds; empty if nothing is.
std::string seconds_fault(const std::string& text) {
  double seconds = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (whole && std::isfinite(seconds) && seconds >= 0) return {};
  return "'" + text + "' is not a number of seconds, such as 5 or 0.2";
}

}  // namespace

Option add_timeout(Parser& parser, std::optional<double>& into, const std::string& description) {
  return parser.add_option("--timeout", into, description).called("SECONDS").check(seconds_fault);
}

void add_wait_options(Parser& parser, WaitOptions& into) {
  const auto timeout = add_timeout(parser, into.timeout_seconds,
                                   "Wait at most that long for the lock; without it, as long as it "
                                   "takes");
  parser.add_flag("--nonblock", into.nonblock, "Do not wait for the lock at all")
      .called(" ")
      .excludes(timeout);
}

void add_id(Parser& parser, std::string& into, bool may_be_prefix) {
  parser
      .add_option("ID", into,
                  may_be_prefix ? "web, or pod1/web inside a sandbox, or a beginning of the name "
                                  "that fits one container only"
                                : "web, or pod1/web inside a sandbox")
      .required()
      .called(" ");
}

void add_document_file(Parser& parser, std::string& into) {
  parser.add_option("FILE", into, "The document, a JSON object; - for standard input, the default")
      .called(" ");
}

void add_if_match(Parser& parser, std::optional<std::string>& into) {
  parser
      .add_option("--if-match", into,
                  "Only if the document has this version, see 'latchfile state --print-version'")
      .called("VERSION");
}

void add_format(Parser& parser, std::string& into) {
  parser.add_option("-f,--format", into, "table, the default, or json")
      .called("FORMAT")
      .one_of({"table", "json"});
}

void add_command_arguments(Parser& parser, const std::string& description) {
  parser.add_refused("CMD", "put -- before the command", "After --: " + description).called("...");
}

Result<std::optional<Version>> parse_version(const std::optional<std::string>& text) {
  if (!text) return std::optional<Version>();
  auto version = Version::parse(*text);
  if (!version) return std::unexpected(std::move(version.error()));
  return std::optional<Version>(std::move(*version));
}

}  // namespace latchfile::cli
