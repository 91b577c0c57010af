// SPDX-License-Identifier: Apache-2.0
//
// latchfile state ID [--print-version]
#include "cli/commands.hpp"
#include "cli/listed.hpp"

namespace latchfile::cli {
namespace {

struct Options {
  std::string id;
  bool print_version = false;
};

Result<int> run(Session& session, const Options& options) {
  if (const auto host = host_of(session); !host) return std::unexpected(host.error());
  const auto id = session.store.resolve(options.id);
  if (!id) return std::unexpected(id.error());
  const auto found = session.store.load(*id);
  if (!found) return std::unexpected(found.error());
  if (options.print_version) {
    session.out.write(found->version().text() + "\n");
    return exit_done;
  }
  const auto& bytes = found->document.bytes();
  session.out.write(bytes);
  // Byte for byte into files and pipes; a person's prompt begins on a line of its own.
  if (!bytes.ends_with('\n') && session.out.is_terminal()) session.out.write("\n");
  return exit_done;
}

}  // namespace

void add_state(Parser& parser, Action& action) {
  auto command = add_command<Options>(
      parser, "state", "Print a container's document as it is stored", "latchfile state web");
  add_id(command.parser, command.options->id, true);
  command.parser.add_flag("--print-version", command.options->print_version,
                          "Print the document's version token instead");
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
