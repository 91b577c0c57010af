// SPDX-License-Identifier: Apache-2.0
//
// latchfile wait ID --for EXPR [--timeout SECONDS]
#include "cli/commands.hpp"

#include "base/quote.hpp"
#include "cli/errors.hpp"
#include "cli/listed.hpp"
#include "oci/condition.hpp"
#include "oci/wait_for.hpp"

namespace latchfile::cli {
namespace {

struct Options {
  std::string id;
  std::string condition;
  WaitOptions wait;
};

Result<int> run(Session& session, const Options& options) {
  if (const auto host = host_of(session); !host) return std::unexpected(host.error());
  const auto condition = oci::Condition::parse(options.condition);
  if (!condition) return std::unexpected(condition.error());
  const auto id = condition->is_of_absent() ? ContainerId::parse(options.id)
                                            : session.store.resolve(options.id);
  if (!id) return std::unexpected(id.error());

  std::string now;
  const auto reached = oci::wait_for(session.kernel, session.store, *id, options.wait.wait(),
                                     [&](const oci::Seen& seen) {
                                       now = condition->describe(seen);
                                       return condition->holds(seen);
                                     });
  if (reached) return exit_done;
  auto error = reached.error();
  if (error.code == Errc::not_found)
    error.context = "wait for " + std::string(id->text()) + ": " + error.context;
  if (error.code != Errc::timed_out) return std::unexpected(std::move(error));
  // There is no holder to see to.
  session.notes.write(one_line(session.program + ": wait for " + std::string(id->text()) + ": " +
                               now + ", and " + in_quotes(options.condition) +
                               " was asked for; wait longer") +
                      "\n");
  return exit_code(error);
}

}  // namespace

void add_wait(Parser& parser, Action& action) {
  auto command = add_command<Options>(
      parser, "wait", "Wait until a container is in a state, or its process is gone",
      "latchfile wait web --for status=stopped --timeout 10");
  add_id(command.parser, command.options->id, true);
  command.parser
      .add_option("--for", command.options->condition,
                  "status=STATUS, stopped also once its process is gone; annotations.KEY=VALUE; "
                  "exists or deleted, which want the exact ID")
      .required()
      .called("EXPR");
  add_timeout(command.parser, command.options->wait.timeout_seconds,
              "Wait at most that long; without it, as long as it takes");
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
