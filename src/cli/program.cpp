// SPDX-License-Identifier: Apache-2.0
#include "cli/program.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>

#include "base/quote.hpp"
#include "cli/commands.hpp"
#include "cli/errors.hpp"
#include "latchfile/version.hpp"
#include "posix/process.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::cli {
namespace {

constexpr int exit_usage = 2;

void describe(Parser& parser, GlobalOptions& options) {
  parser
      .add_option(
          "--root", options.root,
          "The directory of the states, or etcd://HOST:PORT[,HOST:PORT...]/PREFIX; default: "
          "$LATCHFILE_ROOT, else /run/latchfile for root, else $XDG_RUNTIME_DIR/latchfile")
      .called("ROOT");
  parser.add_flag("--allow-insecure-root", options.local.allow_insecure_root,
                  "Use a root that others may write to");
  parser.add_flag("--keep-lock-files", options.local.keep_lock_files,
                  "Never remove a lock file, for roots shared with gVisor's runsc");
  parser.add_flag(
      "--unsafe-on-power-cut", options.unsafe_on_power_cut,
      "Do not wait for the disk: documents may be lost or torn if the machine goes down");
  describe_etcd(parser, options.etcd);
}

struct NamedCommand {
  std::string_view name;
  void (*add)(Parser&, Action&);
  bool has_command = false;  ///< a CMD behind "--"
};

constexpr auto commands = std::to_array<NamedCommand>({
    {"create", add_create},
    {"state", add_state},
    {"save", add_save},
    {"update", add_update, true},
    {"list", add_list},
    {"delete", add_delete},
    {"lock", add_lock, true},
    {"locks", add_locks},
    {"watch", add_watch},
    {"wait", add_wait},
    {"check", add_check},
    {"hook", add_hook},
    {"mirror", add_mirror},
});

/// The command that `arguments` name, if they do.
const NamedCommand* named_in(const Arguments& arguments) {
  auto name = arguments.begin();
  const auto takes_value = [](std::string_view option) {
    return option == "--root" ||
           std::ranges::find(etcd_options_with_value, option) != etcd_options_with_value.end();
  };
  while (name != arguments.end() && name->starts_with('-')) {
    const bool has_value = takes_value(*name) && name + 1 != arguments.end();
    name += has_value ? 2 : 1;
  }
  if (name == arguments.end()) return nullptr;
  const auto* found = std::ranges::find(commands, *name, &NamedCommand::name);
  return found == commands.end() ? nullptr : found;
}

/// Takes what stands behind the first "--" off `arguments`.
Arguments take_command(Arguments& arguments) {
  const auto end = std::ranges::find(arguments, "--");
  if (end == arguments.end()) return {};
  Arguments command(end + 1, arguments.end());
  arguments.erase(end, arguments.end());
  return command;
}

Result<int> perform(const Action& action, const GlobalOptions& options, Kernel& kernel, Output& out,
                    Output& notes, Arguments command, const std::string& program,
                    EtcdAccess& etcd) {
  if (!action) {
    return std::unexpected(
        Error{Errc::invalid_argument, 0, "no command given; see 'latchfile --help'"});
  }
  auto store = open_store(options, etcd);
  if (!store) return std::unexpected(std::move(store.error()));
  Session session{kernel,  std::move(*store), out, notes, std::move(command),
                  program, options,           etcd};
  auto code = action(session);
  if (!code) return code;
  if (auto written = out.flush(); !written) return std::unexpected(std::move(written.error()));
  return code;
}

}  // namespace

int run(int argc, char** argv, EtcdAccess& etcd) {
  Kernel& kernel = real_kernel();
  occupy_standard_streams(kernel);
  restore_default_signals();
  Output out(kernel, STDOUT_FILENO, "standard output");
  Output notes(kernel, STDERR_FILENO, "standard error");

  GlobalOptions options;
  Action action;
  CommandLine line(
      "latchfile",
      "Keeps the state of containers: one JSON document and one lock each, safe from "
      "many processes at once and whole after any crash.",
      "Exit codes: 0 done, 1 any other error, 2 usage or malformed input, 3 not found,\n"
      "4 already exists, 5 locked or timed out, 6 version mismatch, 7 corrupt.\n"
      "'latchfile COMMAND --help' tells more, with an example.",
      LATCHFILE_VERSION);
  auto parser = line.parser();
  describe(parser, options);
  Arguments arguments(argv + 1, argv + argc);
  const auto* named = named_in(arguments);
  auto command = named != nullptr && named->has_command ? take_command(arguments) : Arguments();
  // Describing all of them takes as long as most commands themselves.
  for (const auto& each : commands) {
    if (named == nullptr || named == &each) each.add(parser, action);
  }

  const auto parsed = line.parse(std::move(arguments));
  const auto& program = parsed.program;
  Result<int> code = exit_done;
  if (parsed.text) {
    out.write(*parsed.text);
  } else if (parsed.fault) {
    notes.write(one_line(program + ": " + *parsed.fault + "; see '" + program + " --help'") + "\n");
    code = exit_usage;
  } else {
    code = perform(action, options, kernel, out, notes, std::move(command), program, etcd);
  }
  if (code) {
    if (auto written = out.flush(); !written) code = std::unexpected(std::move(written.error()));
  }
  if (!code) notes.write(error_line(program, code.error()));
  notes.flush_or_drop();
  return code ? *code : exit_code(code.error());
}

}  // namespace latchfile::cli
