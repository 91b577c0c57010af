// SPDX-License-Identifier: Apache-2.0
//
// latchfile locks [-f table|json]
#include "cli/commands.hpp"

#include "cli/json_array.hpp"
#include "cli/table.hpp"

namespace latchfile::cli {
namespace {

struct Options {
  std::string format = "table";
};

Result<int> run(Session& session, const Options& options) {
  const auto holders = session.store.locks();
  if (!holders) return std::unexpected(holders.error());
  if (options.format == "json") {
    JsonArray array(session.out);
    for (const auto& holder : *holders) {
      array.add({{"id", holder.id.text()}, {"pid", holder.pid}, {"command", holder.command}});
    }
    array.end();
    return exit_done;
  }
  std::vector<Row> rows;
  for (const auto& holder : *holders) {
    rows.push_back({std::string(holder.id.text()), std::to_string(holder.pid), holder.command});
  }
  print_table(session.out, {"ID", "PID", "COMMAND"}, rows);
  return exit_done;
}

}  // namespace

void add_locks(CLI::App& app, Action& action) {
  const auto command = add_command<Options>(app, "locks", "Show who holds which lock, taking none",
                                            "latchfile locks");
  add_format(*command.parser, command.options->format);
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
