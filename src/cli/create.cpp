// SPDX-License-Identifier: Apache-2.0
//
// latchfile create ID [FILE|-]
#include "cli/commands.hpp"

namespace latchfile::cli {
namespace {

struct Options {
  std::string id;
  std::string file = "-";
  WaitOptions wait;
};

Result<int> run(Session& session, const Options& options) {
  const auto id = ContainerId::parse(options.id);
  if (!id) return std::unexpected(id.error());
  auto document = read_document(session.kernel, options.file);
  if (!document) return std::unexpected(std::move(document.error()));
  auto vacancy = take_lock(session, options.wait.wait(),
                           [&](Wait wait) { return session.store.lock_for_new(*id, wait); });
  if (!vacancy) return std::unexpected(std::move(vacancy.error()));
  auto created = std::move(*vacancy).create(std::move(*document));
  if (!created) return std::unexpected(std::move(created.error()));
  return exit_done;
}

}  // namespace

void add_create(Parser& parser, Action& action) {
  auto command =
      add_command<Options>(parser, "create", "Create a container's state; fails if there is one",
                           "latchfile create web < state.json");
  add_id(command.parser, command.options->id, false);
  add_document_file(command.parser, command.options->file);
  add_wait_options(command.parser, command.options->wait);
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
