// SPDX-License-Identifier: Apache-2.0
//
// latchfile hook createRuntime|prestart|poststart|poststop
//
// A container must not fail, nor wait for long, because its record cannot be kept: a runtime gives
// up a container whose hook fails. So whatever goes wrong is told in one line, and the exit code is
// 0 all the same. Only a command line that cannot be understood is refused: it would never work,
// and the first container shows it.
#include "cli/commands.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <ctime>
#include <fcntl.h>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "cli/errors.hpp"
#include "oci/hook.hpp"
#include "posix/process.hpp"

namespace latchfile::cli {
namespace {

constexpr double usual_timeout_seconds = 2;

struct Options {
  std::string stage;
  std::string log;
  std::optional<double> timeout_seconds;
  bool keep = false;
  bool strict = false;
  bool print_config = false;

  [[nodiscard]] std::chrono::nanoseconds timeout() const {
    // Nobody waits a day for a container to start, and a sum of nanoseconds must not overflow.
    constexpr double longest_seconds = 24.0 * 3600;
    const auto seconds = std::min(timeout_seconds.value_or(usual_timeout_seconds), longest_seconds);
    return std::chrono::nanoseconds(std::llround(seconds * 1e9));
  }
};

Result<> keep_record(Session& session, oci::HookStage stage, const Options& options) {
  const auto deadline = session.kernel.now() + options.timeout();
  const auto document = read_input_until(session.kernel, deadline);
  if (!document) return std::unexpected(document.error());
  const auto input = oci::parse_hook_input(stage, *document);
  if (!input) return std::unexpected(input.error());
  const auto at_poststop = options.keep ? oci::AtPoststop::keep_stopped : oci::AtPoststop::remove;
  return oci::keep_record(session.kernel, session.store, *input, at_poststop, deadline);
}

std::string timestamp() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::string text(std::size("2026-11-24T19:04:33Z"), '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return text;
}

/// In one write to the end, so that the lines of hooks that run at once do not mix.
Result<> append(Kernel& kernel, const std::string& file, const std::string& line) {
  const auto fail = [&](const char* step, Errno error) {
    return std::unexpected(Error{Errc::io, error.value, std::string(step) + " log " + file});
  };
  // O_NONBLOCK: a FIFO that nobody reads must not hold up the container.
  constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY | O_NONBLOCK;
  const auto fd = retry_eintr([&] { return kernel.openat(AT_FDCWD, file.c_str(), flags, 0640); });
  if (!fd) return fail("open", fd.error());
  const auto written = retry_eintr([&] { return kernel.write(fd->get(), line); });
  if (!written) return fail("write", written.error());
  return {};
}

void tell(Session& session, const Options& options, const Error& error) {
  const auto line = error_line(session.program + " " + options.stage, error);
  session.notes.write(line);
  if (options.log.empty()) return;
  if (auto logged = append(session.kernel, options.log, timestamp() + " " + line); !logged) {
    session.notes.write(error_line(session.program + " " + options.stage, logged.error()));
  }
}

Result<std::string> absolute(const std::string& path) {
  std::error_code error;
  auto whole = std::filesystem::absolute(path, error);
  if (error) {
    return std::unexpected(Error{Errc::io, error.value(), "find the absolute path of " + path});
  }
  return whole.string();
}

/// What was said of etcd on the command line. The environment is for the runtime to pass on.
Result<> add_etcd_arguments(const EtcdArguments& etcd, Arguments& arguments) {
  const std::array files = {std::pair{"--cacert", &etcd.cacert}, std::pair{"--cert", &etcd.cert},
                            std::pair{"--key", &etcd.key},
                            std::pair{"--password-file", &etcd.password_file}};
  for (const auto& [name, file] : files) {
    if (!*file) continue;
    const auto path = absolute(**file);
    if (!path) return std::unexpected(path.error());
    arguments.insert(arguments.end(), {name, *path});
  }
  if (etcd.user) arguments.insert(arguments.end(), {"--user", *etcd.user});
  if (etcd.command_timeout_seconds) {
    arguments.push_back("--command-timeout=" +
                        nlohmann::json(*etcd.command_timeout_seconds).dump());
  }
  if (etcd.insecure_transport) arguments.emplace_back("--insecure-transport");
  return {};
}

/// The arguments with which a hook of the same options as ours is called, but for its stage.
Result<Arguments> hook_arguments(Session& session, const Options& options) {
  auto root = root_of(session.options);
  if (root && !is_in_etcd(*root)) root = absolute(*root);
  if (!root) return std::unexpected(std::move(root.error()));
  auto etcd = session.options.etcd;
  // An etcd that does not answer must not hold up the container either.
  if (is_in_etcd(*root) && !etcd.command_timeout_seconds) {
    etcd.command_timeout_seconds = std::chrono::duration<double>(options.timeout()).count();
  }
  Arguments arguments = {"latchfile", "--root", std::move(*root)};
  const auto add_if = [&](bool given, const char* flag) {
    if (given) arguments.emplace_back(flag);
  };
  add_if(session.options.local.allow_insecure_root, "--allow-insecure-root");
  add_if(session.options.local.keep_lock_files, "--keep-lock-files");
  add_if(session.options.unsafe_on_power_cut, "--unsafe-on-power-cut");
  if (auto added = add_etcd_arguments(etcd, arguments); !added) {
    return std::unexpected(std::move(added.error()));
  }
  arguments.emplace_back("hook");
  add_if(options.keep, "--keep");
  add_if(options.strict, "--strict");
  if (options.timeout_seconds) {
    arguments.push_back("--timeout=" + nlohmann::json(*options.timeout_seconds).dump());
  }
  if (!options.log.empty()) {
    const auto log = absolute(options.log);
    if (!log) return std::unexpected(log.error());
    arguments.push_back("--log=" + *log);
  }
  return arguments;
}

Result<int> print_config(Session& session, const Options& options) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return std::unexpected(Error{Errc::io, error.value(), "read /proc/self/exe"});
  auto arguments = hook_arguments(session, options);
  if (!arguments) return std::unexpected(std::move(arguments.error()));

  // A runtime kills a hook that is late and gives up the container, so that our own timeout has to
  // be the first, by as much as a slow disk may take.
  constexpr auto slack = std::chrono::seconds(8);
  const auto timeout = std::chrono::ceil<std::chrono::seconds>(options.timeout()) + slack;
  nlohmann::ordered_json hooks;
  for (const std::string stage : {"createRuntime", "poststart", "poststop"}) {
    auto of_stage = *arguments;
    of_stage.push_back(stage);
    hooks[stage].push_back(
        {{"path", self.string()}, {"args", std::move(of_stage)}, {"timeout", timeout.count()}});
  }
  // Paths need not be UTF-8.
  const auto text = hooks.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  session.out.write(text + "\n");
  return exit_done;
}

Result<int> run(Session& session, const Options& options) {
  if (options.print_config) return print_config(session, options);
  const auto stage = oci::parse_hook_stage(options.stage);
  if (!stage) return std::unexpected(stage.error());
  // A runtime may have closed the pipe that is our standard error.
  survive_broken_pipes();
  const auto kept = keep_record(session, *stage, options);
  if (kept) return exit_done;
  tell(session, options, kept.error());
  return options.strict ? exit_code(kept.error()) : exit_done;
}

}  // namespace

void add_hook(Parser& parser, Action& action) {
  auto command = add_command<Options>(
      parser, "hook", "Keep a container's record as a hook of its OCI runtime",
      "latchfile hook --print-config >hooks.json\n"
      "  jq --slurpfile hooks hooks.json '.hooks = $hooks[0]' config.json >new.json");
  auto& options = *command.options;
  command.parser
      .add_option("STAGE", options.stage,
                  "createRuntime, prestart, poststart or poststop; the runtime's state is read "
                  "from standard input")
      .called(" ");
  command.parser.add_flag("--keep", options.keep, "At poststop keep the record, as stopped");
  add_timeout(command.parser, options.timeout_seconds,
              "Wait at most that long for the state, the lock and, at poststop, the "
              "process; default: 2");
  command.parser.add_option("--log", options.log, "Append to this file as well what goes wrong")
      .called("FILE");
  command.parser.add_flag(
      "--strict", options.strict,
      "End with the usual exit code if something goes wrong, not with 0: the runtime "
      "then gives up the container");
  command.parser.add_flag("--print-config", options.print_config,
                          "Print the hooks of these options for a bundle's config.json");
  on_parsed(command, action, run);
}

}  // namespace latchfile::cli
