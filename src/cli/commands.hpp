// SPDX-License-Identifier: Apache-2.0
//
// The commands, a file each. add_… describes a command to the parser; if the command line names it,
// its work is put into `action`.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "cli/session.hpp"

namespace latchfile::cli {

void add_create(CLI::App& app, Action& action);
void add_state(CLI::App& app, Action& action);
void add_save(CLI::App& app, Action& action);
void add_update(CLI::App& app, Action& action);
void add_list(CLI::App& app, Action& action);
void add_delete(CLI::App& app, Action& action);
void add_lock(CLI::App& app, Action& action);
void add_locks(CLI::App& app, Action& action);
void add_check(CLI::App& app, Action& action);
void add_hook(CLI::App& app, Action& action);
void add_watch(CLI::App& app, Action& action);
void add_wait(CLI::App& app, Action& action);

/// A command with its one-line description and, in its help, an example. The arguments of the
/// command are kept in `Options`, which lives as long as the parser.
template <class Options>
struct Command {
  CLI::App* parser;
  std::shared_ptr<Options> options;
};

template <class Options>
[[nodiscard]] Command<Options> add_command(CLI::App& app, const std::string& name,
                                           const std::string& description,
                                           const std::string& example) {
  auto* parser = app.add_subcommand(name, description);
  parser->footer("Example:\n  " + example);
  parser->fallthrough();
  return {parser, std::make_shared<Options>()};
}

/// Lets `run(session, options)` be the action if the command is named.
template <class Options, class Run>
void on_parsed(const Command<Options>& command, Action& action, Run run) {
  command.parser->callback([&action, options = command.options, run] {
    action = [options, run](Session& session) { return run(session, *options); };
  });
}

void add_wait_options(CLI::App& parser, WaitOptions& into);
/// --timeout alone.
CLI::Option* add_timeout(CLI::App& parser, std::optional<double>& into,
                         const std::string& description);
void add_id(CLI::App& parser, std::string& into, bool may_be_prefix);
void add_document_file(CLI::App& parser, std::string& into);
void add_if_match(CLI::App& parser, std::optional<std::string>& into);
/// Describes CMD in the help; refuses arguments that stand where CMD would without "--".
void add_command_arguments(CLI::App& parser, const std::string& description);
void add_format(CLI::App& parser, std::string& into);

/// What --if-match asks for; nothing if it is absent. Errors: invalid_argument.
[[nodiscard]] Result<std::optional<Version>> parse_version(const std::optional<std::string>& text);

}  // namespace latchfile::cli
