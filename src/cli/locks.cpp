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

/// What a person needs to know where there is no command to show.
std::string command_or_reason(pid_t pid, const std::string& command, std::string_view if_gone) {
  if (pid == 0) return "(a process of another pid namespace)";
  return command.empty() ? std::string(if_gone) : command;
}

std::string pid_or_none(pid_t pid) { return pid == 0 ? std::string() : std::to_string(pid); }

/// The pid, which means nothing without its machine where there are several.
std::string process_of(const LockHolder& holder) {
  return holder.host.empty() ? pid_or_none(holder.pid)
                             : pid_or_none(holder.pid) + "@" + holder.host;
}

void add_rows(const LockHolder& holder, std::vector<Row>& rows) {
  const std::string id(holder.id.text());
  rows.push_back(
      {id, process_of(holder), "holds",
       command_or_reason(holder.pid, holder.command, "(is gone but left the lock to a child)")});
  for (const auto& waiter : holder.waiters) {
    rows.push_back({id, pid_or_none(waiter.pid), "waits",
                    command_or_reason(waiter.pid, waiter.command, "(is gone)")});
  }
}

nlohmann::ordered_json json_of(const LockHolder& holder) {
  auto waiters = nlohmann::ordered_json::array();
  for (const auto& waiter : holder.waiters)
    waiters.push_back({{"pid", waiter.pid}, {"command", waiter.command}});
  nlohmann::ordered_json json = {{"id", holder.id.text()},
                                 {"pid", holder.pid},
                                 {"command", holder.command},
                                 {"waiters", std::move(waiters)}};
  if (!holder.host.empty()) json["host"] = holder.host;
  return json;
}

Result<int> run(Session& session, const Options& options) {
  const auto holders = session.store.locks();
  if (!holders) return std::unexpected(holders.error());
  if (options.format == "json") {
    JsonArray array(session.out);
    for (const auto& holder : *holders)
      array.add(json_of(holder));
    array.end();
    return exit_done;
  }
  std::vector<Row> rows;
  for (const auto& holder : *holders)
    add_rows(holder, rows);
  print_table(session.out, {"ID", "PID", "DOES", "COMMAND"}, rows);
  return exit_done;
}

}  // namespace

void add_locks(Parser& parser, Action& action) {
  auto command = add_command<Options>(parser, "locks",
                                      "Show who holds which lock and who waits for it, taking none",
                                      "latchfile locks");
  add_format(command.parser, command.options->format);
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
