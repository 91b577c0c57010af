// SPDX-License-Identifier: Apache-2.0
//
// latchfile delete ID [--force] [--if-match VERSION]
#include "cli/commands.hpp"

namespace latchfile::cli {
namespace {

struct Options {
  std::string id;
  std::optional<std::string> if_match;
  bool force = false;
  WaitOptions wait;
};

Result<int> run(Session& session, const Options& options) {
  const auto id = ContainerId::parse(options.id);
  if (!id) return std::unexpected(id.error());
  const auto expected = parse_version(options.if_match);
  if (!expected) return std::unexpected(expected.error());
  auto state = take_lock(session, options.wait.wait(),
                         [&](Wait wait) { return session.store.lock(*id, wait); });
  if (!state) {
    if (options.force && state.error().code == Errc::not_found) return exit_done;
    return std::unexpected(std::move(state.error()));
  }
  if (*expected) {
    if (auto matches = state->require(**expected); !matches) {
      return std::unexpected(std::move(matches.error()));
    }
  }
  if (auto destroyed = std::move(*state).destroy(); !destroyed) {
    return std::unexpected(std::move(destroyed.error()));
  }
  return exit_done;
}

}  // namespace

void add_delete(Parser& parser, Action& action) {
  auto command = add_command<Options>(parser, "delete", "Remove a container's state and lock",
                                      "latchfile delete web --timeout 5");
  add_id(command.parser, command.options->id, false);
  command.parser.add_flag("--force", command.options->force,
                          "Be content if there is no such container");
  add_if_match(command.parser, command.options->if_match);
  add_wait_options(command.parser, command.options->wait);
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
