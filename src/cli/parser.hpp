// SPDX-License-Identifier: Apache-2.0
//
// What a command line may say, and what one says. CLI11 stays behind this header: it is so large
// that each file that included it would take longer to compile than the rest of the command.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// NOLINTNEXTLINE(readability-identifier-naming)
namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace latchfile::cli {

/// One option or argument. Lives as long as the CommandLine that it belongs to.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}

  /// What the help calls its value; without this, by its type and whether it is required.
  Option& called(const std::string& value);
  Option& required();
  /// Only beside `other`.
  Option& needs(const Option& other);
  /// Not beside `other`.
  Option& excludes(const Option& other);
  Option& one_of(std::initializer_list<const char*> values);
  /// `fault` says what is wrong with a value; nothing if it is empty.
  Option& check(std::function<std::string(const std::string&)> fault);
  /// Of an option into a vector: takes one value each time it is given, not all that follow.
  Option& one_value_at_a_time();

 private:
  CLI::Option* option_;
};

/// What a command takes. Names as CLI11 has them: "-q,--quiet" for an option, "FILE" for an
/// argument. Where `into` is, the value is put by CommandLine::parse.
class Parser {
 public:
  explicit Parser(CLI::App& parser) : parser_(&parser) {}

  Option add_flag(const std::string& name, bool& into, const std::string& description);
  Option add_option(const std::string& name, std::string& into, const std::string& description);
  Option add_option(const std::string& name, std::optional<std::string>& into,
                    const std::string& description);
  Option add_option(const std::string& name, std::optional<double>& into,
                    const std::string& description);
  Option add_option(const std::string& name, std::vector<std::string>& into,
                    const std::string& description);
  /// An argument that only shows in the help: given, it is refused with `fault`.
  Option add_refused(const std::string& name, const std::string& fault,
                     const std::string& description);

  /// With an example in its help; the options of this parser may stand behind it as well.
  Parser add_command(const std::string& name, const std::string& description,
                     const std::string& example);
  void on_parsed(std::function<void()> action);

 private:
  CLI::App* parser_;
};

/// The whole command line of a program.
class CommandLine {
 public:
  CommandLine(const std::string& program, const std::string& description, const std::string& footer,
              const std::string& version);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine();

  [[nodiscard]] Parser parser() { return Parser(*app_); }

  struct Outcome {
    std::string program;  ///< and the command, if one is named
    /// The help or the version, which is all that was asked for.
    std::optional<std::string> text;
    std::optional<std::string> fault;
  };

  /// Without what stands behind "--": of what looks like a [list] CLI11 makes several arguments.
  [[nodiscard]] Outcome parse(std::vector<std::string> arguments);

 private:
  std::unique_ptr<CLI::App> app_;
};

}  // namespace latchfile::cli
