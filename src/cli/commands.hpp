// SPDX-License-Identifier: Apache-2.0
//
// The commands, a file each. add_… describes a command to the parser; if the command line names it,
// its work is put into `action`.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/parser.hpp"
#include "cli/session.hpp"

namespace latchfile::cli {

void add_create(Parser& parser, Action& action);
void add_state(Parser& parser, Action& action);
void add_save(Parser& parser, Action& action);
void add_update(Parser& parser, Action& action);
void add_list(Parser& parser, Action& action);
void add_delete(Parser& parser, Action& action);
void add_lock(Parser& parser, Action& action);
void add_locks(Parser& parser, Action& action);
void add_check(Parser& parser, Action& action);
void add_hook(Parser& parser, Action& action);
void add_watch(Parser& parser, Action& action);
void add_wait(Parser& parser, Action& action);
void add_mirror(Parser& parser, Action& action);

/// A command with its one-line description and, in its help, an example. The arguments of the
/// command are kept in `Options`, which lives as long as the parser.
template <class Options>
struct Command {
  Parser parser;
  std::shared_ptr<Options> options;
};

template <class Options>
[[nodiscard]] Command<Options> add_command(Parser& parser, const std::string& name,
                                           const std::string& description,
                                           const std::string& example) {
  return {parser.add_command(name, description, example), std::make_shared<Options>()};
}

/// Lets `run(session, options)` be the action if the command is named.
template <class Options, class Run>
void on_parsed(Command<Options>& command, Action& action, Run run) {
  command.parser.on_parsed([&action, options = command.options, run] {
    action = [options, run](Session& session) { return run(session, *options); };
  });
}

void add_wait_options(Parser& parser, WaitOptions& into);
/// --timeout alone.
Option add_timeout(Parser& parser, std::optional<double>& into, const std::string& description);
void add_id(Parser& parser, std::string& into, bool may_be_prefix);
void add_document_file(Parser& parser, std::string& into);
void add_if_match(Parser& parser, std::optional<std::string>& into);
/// Describes CMD in the help; refuses arguments that stand where CMD would without "--".
void add_command_arguments(Parser& parser, const std::string& description);
void add_format(Parser& parser, std::string& into);

/// What --if-match asks for; nothing if it is absent. Errors: invalid_argument.
[[nodiscard]] Result<std::optional<Version>> parse_version(const std::optional<std::string>& text);

}  // namespace latchfile::cli
