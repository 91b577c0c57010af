// SPDX-License-Identifier: Apache-2.0
//
// latchfile lock ID [--timeout SECONDS | --nonblock] -- CMD…
#include "cli/commands.hpp"

#include <cerrno>
#include <chrono>

#include "base/quote.hpp"
#include "cli/errors.hpp"
#include "posix/process.hpp"

namespace latchfile::cli {
namespace {

struct Options {
  std::string id;
  WaitOptions wait;
};

Result<int> run(Session& session, const Options& options) {
  if (session.command.empty()) {
    return std::unexpected(
        Error{Errc::invalid_argument, 0, "say what to run while the lock is held with -- CMD"});
  }
  const auto id = session.store.resolve(options.id);
  if (!id) return std::unexpected(id.error());
  const auto state = take_lock(session, options.wait.wait(),
                               [&](Wait wait) { return session.store.lock(*id, wait); });
  if (!state) return std::unexpected(state.error());
  // CMD gets a copy of the lock: if we are killed, so is CMD, and the lock stays until it and what
  // it started are gone. If CMD ends first, we release the lock for all copies.
  const auto ran =
      run_program(session.command, state->descriptor(), [&] { return state->held_until(); });
  if (ran && (ran->overran || state->held_until() <= std::chrono::steady_clock::now())) {
    const auto* what = ran->overran ? " was killed" : " has ended, perhaps after that";
    constexpr auto why_and_what_now =
        ": etcd has not confirmed the lock in time, and others may have the container by now; see "
        "what is left half done, and run it again";
    return std::unexpected(Error{Errc::lock_lost, 0,
                                 "lock " + std::string(id->text()) + ": the lock is lost, and " +
                                     in_quotes(session.command.front()) + what + why_and_what_now});
  }
  if (ran) return ran->exit_code;
  // As a shell has it: 127 for a command that is not there, 126 for one that cannot run.
  session.notes.write(error_line(
      session.program, {Errc::io, ran.error().value, "run " + in_quotes(session.command.front())}));
  return ran.error().value == ENOENT ? 127 : 126;
}

}  // namespace

void add_lock(Parser& parser, Action& action) {
  auto command =
      add_command<Options>(parser, "lock", "Run a command while holding a container's lock",
                           "latchfile lock web --timeout 10 -- rsync -a /srv/web/ /backup/web/");
  add_id(command.parser, command.options->id, true);
  add_command_arguments(command.parser,
                        "the command; its exit code becomes ours, and it is killed if we are, or "
                        "if the lock is lost");
  add_wait_options(command.parser, command.options->wait);
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
