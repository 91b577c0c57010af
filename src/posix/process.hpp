// SPDX-License-Identifier: Apache-2.0
//
// Running a program and waiting for it. Beside the Kernel seam, because no step of a protocol
// depends on it: fork and exec have no simulator worth having, and the tests use real programs.
//
// A program dies with us: if we are killed, so is it. For callers with one thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "posix/kernel.hpp"

namespace latchfile {

/// Undoes what a parent may have left ignored: SIGCHLD, without which no program can be waited for,
/// and SIGPIPE, which ends us quietly when nobody reads what we write.
void restore_default_signals();

/// A write to a pipe that nobody reads any more fails from now on, with EPIPE, and does not end us.
void survive_broken_pipes();

/// Ends us as a write does to a pipe that nobody reads.
[[noreturn]] void end_by_broken_pipe();

/// Becomes the program at `path`, with the arguments that a main() has. Comes back only with the
/// reason why not.
[[nodiscard]] Errno become_program(const char* path, char** argv);

/// How a program ended: its exit code, or 128 and the number of the signal that ended it.
using ExitCode = int;

struct Ran {
  ExitCode exit_code;
  bool overran = false;  ///< and was killed for that
};

/// Runs `arguments` with our standard streams and waits for its end. The program keeps
/// `descriptor`, which is otherwise closed on exec, and is killed once it is later than
/// `may_run_until` says, which is asked once a second at least as long as there is a limit. HUP,
/// INT, QUIT and TERM that another process sends to us are passed on to it; those that a terminal
/// sends reach it by themselves. Errors: why it could not be started.
[[nodiscard]] Sys<Ran> run_program(
    const std::vector<std::string>& arguments, int descriptor,
    const std::function<std::chrono::steady_clock::time_point()>& may_run_until);

struct Filtered {
  ExitCode exit_code;
  std::string output;  ///< at most one byte more than was asked for
};

/// Runs `arguments` as a filter: `input` is its standard input, and its standard output is
/// returned. A program that writes more than `max_output_bytes` is killed.
[[nodiscard]] Sys<Filtered> run_filter(Kernel& kernel, const std::vector<std::string>& arguments,
                                       std::string_view input, std::size_t max_output_bytes);

}  // namespace latchfile
