// SPDX-License-Identifier: Apache-2.0
#include "cli/parser.hpp"

#include <algorithm>
#include <utility>

#include <CLI/CLI.hpp>

namespace latchfile::cli {

Option& Option::called(const std::string& value) {
  option_->option_text(value);
  return *this;
}

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::needs(const Option& other) {
  option_->needs(other.option_);
  return *this;
}

Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Option& Option::one_of(std::initializer_list<const char*> values) {
  option_->check(CLI::IsMember(std::vector<std::string>(values.begin(), values.end())));
  return *this;
}

Option& Option::check(std::function<std::string(const std::string&)> fault) {
  option_->check(std::move(fault));
  return *this;
}

Option& Option::one_value_at_a_time() {
  option_->allow_extra_args(false);
  return *this;
}

Option Parser::add_flag(const std::string& name, bool& into, const std::string& description) {
  return Option(*parser_->add_flag(name, into, description));
}

Option Parser::add_option(const std::string& name, std::string& into,
                          const std::string& description) {
  return Option(*parser_->add_option(name, into, description));
}

Option Parser::add_option(const std::string& name, std::optional<std::string>& into,
                          const std::string& description) {
  return Option(*parser_->add_option(name, into, description));
}

Option Parser::add_option(const std::string& name, std::optional<double>& into,
                          const std::string& description) {
  return Option(*parser_->add_option(name, into, description));
}

Option Parser::add_option(const std::string& name, std::vector<std::string>& into,
                          const std::string& description) {
  return Option(*parser_->add_option(name, into, description));
}

Option Parser::add_refused(const std::string& name, const std::string& fault,
                           const std::string& description) {
  const auto refuse = [fault](const std::vector<std::string>&) {
    throw CLI::ValidationError(fault);
  };
  return Option(*parser_->add_option_function<std::vector<std::string>>(name, refuse, description));
}

Parser Parser::add_command(const std::string& name, const std::string& description,
                           const std::string& example) {
  auto* command = parser_->add_subcommand(name, description);
  command->footer("Example:\n  " + example);
  command->fallthrough();
  return Parser(*command);
}

void Parser::on_parsed(std::function<void()> action) { parser_->callback(std::move(action)); }

CommandLine::CommandLine(const std::string& program, const std::string& description,
                         const std::string& footer, const std::string& version)
    : app_(std::make_unique<CLI::App>(description, program)) {
  app_->footer(footer);
  app_->set_version_flag("--version", program + " " + version);
  app_->require_subcommand(0, 1);
}

CommandLine::~CommandLine() = default;

CommandLine::Outcome CommandLine::parse(std::vector<std::string> arguments) {
  Outcome outcome{.program = app_->get_name(), .text = {}, .fault = {}};
  try {
    // CLI11 takes its arguments from the back.
    std::ranges::reverse(arguments);
    app_->parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    outcome.text = app_->help();
  } catch (const CLI::CallForVersion& version) {
    outcome.text = std::string(version.what()) + "\n";
  } catch (const CLI::RequiredError& error) {
    // What is not known is more likely to be the mistake than what is therefore missing.
    auto unknown = app_->remaining(true);
    std::erase(unknown, "--");
    outcome.fault = unknown.empty() ? error.what() : CLI::ExtrasError(unknown).what();
  } catch (const CLI::ParseError& error) {
    outcome.fault = error.what();
  }
  for (const auto* parsed : app_->get_subcommands())
    outcome.program += " " + parsed->get_name();
  return outcome;
}

}  // namespace latchfile::cli
