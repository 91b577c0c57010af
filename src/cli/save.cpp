// SPDX-License-Identifier: Apache-2.0
//
// latchfile save ID [FILE|-] [--if-match VERSION]
#include "cli/commands.hpp"

namespace latchfile::cli {
namespace {

struct Options {
  std::string id;
  std::string file = "-";
  std::optional<std::string> if_match;
  WaitOptions wait;
};

Result<int> run(Session& session, const Options& options) {
  const auto id = ContainerId::parse(options.id);
  if (!id) return std::unexpected(id.error());
  const auto expected = parse_version(options.if_match);
  if (!expected) return std::unexpected(expected.error());
  auto document = read_document(session.kernel, options.file);
  if (!document) return std::unexpected(std::move(document.error()));
  auto state = take_lock(session, options.wait.wait(),
                         [&](Wait wait) { return session.store.lock(*id, wait); });
  if (!state) return std::unexpected(std::move(state.error()));
  if (*expected) {
    if (auto matches = state->require(**expected); !matches) {
      return std::unexpected(std::move(matches.error()));
    }
  }
  if (auto saved = state->save(std::move(*document)); !saved) {
    return std::unexpected(std::move(saved.error()));
  }
  return exit_done;
}

}  // namespace

void add_save(Parser& parser, Action& action) {
  auto command = add_command<Options>(
      parser, "save", "Replace a container's document",
      "latchfile save web new.json --if-match \"$(latchfile state web --print-version)\"");
  add_id(command.parser, command.options->id, false);
  add_document_file(command.parser, command.options->file);
  add_if_match(command.parser, command.options->if_match);
  add_wait_options(command.parser, command.options->wait);
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
