// SPDX-License-Identifier: Apache-2.0
#include "posix/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace latchfile {
namespace {

/// What a program starts with in place of our own descriptors; -1 leaves ours.
struct Streams {
  int in = -1;
  int out = -1;
  int kept = -1;  ///< a descriptor that loses its close-on-exec flag
};

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM})
    sigaddset(&set, number);
  return set;
}

/// Blocks the signals that wait_for_end takes, for as long as it lives.
class WatchedSignals {
 public:
  WatchedSignals() {
    const auto set = watched_signals();
    sigprocmask(SIG_BLOCK, &set, &before_);
  }
  WatchedSignals(const WatchedSignals&) = delete;
  WatchedSignals& operator=(const WatchedSignals&) = delete;
  ~WatchedSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  [[nodiscard]] const sigset_t* before() const { return &before_; }

 private:
  sigset_t before_{};
};

/// The child's side of start(): becomes the program, with `mask` if there is one, or says in
/// `report` why not.
[[noreturn]] void become(const std::vector<std::string>& arguments, const Streams& streams,
                         const sigset_t* mask, pid_t parent, int report) {
  const auto fail = [report] {
    const int error = errno;
    // The parent sees an end without a report if even this fails.
    static_cast<void>(::write(report, &error, sizeof error));
    _exit(127);
  };
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const auto& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);

  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail();
  if (getppid() != parent) _exit(127);  // it died before the prctl took effect
  if (streams.in >= 0 && dup2(streams.in, STDIN_FILENO) < 0) fail();
  if (streams.out >= 0 && dup2(streams.out, STDOUT_FILENO) < 0) fail();
  if (streams.kept >= 0 && fcntl(streams.kept, F_SETFD, 0) != 0) fail();
  if (mask != nullptr) sigprocmask(SIG_SETMASK, mask, nullptr);
  execvp(argv[0], argv.data());
  fail();
  _exit(127);
}

Sys<pid_t> start(const std::vector<std::string>& arguments, const Streams& streams,
                 const sigset_t* mask) {
  std::array<int, 2> report{};
  if (pipe2(report.data(), O_CLOEXEC) != 0) return std::unexpected(Errno{errno});
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(arguments, streams, mask, parent, report[1]);
  const int fork_error = errno;
  close(report[1]);
  int error = pid < 0 ? fork_error : 0;
  if (pid >= 0) {
    // The end of the pipe without a report is the exec's success: it closed the other end.
    while (::read(report[0], &error, sizeof error) < 0 && errno == EINTR) {
    }
    if (error != 0) waitpid(pid, nullptr, 0);
  }
  close(report[0]);
  if (error != 0) return std::unexpected(Errno{error});
  return pid;
}

ExitCode exit_code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

using SteadyClock = std::chrono::steady_clock;

/// As sigwaitinfo, but not beyond `until`, nor longer than a second.
int next_signal(const sigset_t& set, siginfo_t& info, SteadyClock::time_point until) {
  if (until == SteadyClock::time_point::max()) return sigwaitinfo(&set, &info);
  // A wake-up before the limit would find nothing to do.
  const auto left = until - SteadyClock::now() + std::chrono::milliseconds(1);
  const auto wait = std::clamp<SteadyClock::duration>(left, {}, std::chrono::seconds(1));
  const auto ns = std::chrono::nanoseconds(wait).count();
  const timespec limit = {ns / 1'000'000'000, ns % 1'000'000'000};
  return sigtimedwait(&set, &info, &limit);
}

/// With WatchedSignals blocked.
Ran wait_and_pass_signals(pid_t pid,
                          const std::function<SteadyClock::time_point()>& may_run_until) {
  const auto set = watched_signals();
  bool overran = false;
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) != pid) {
    const auto until = overran ? SteadyClock::time_point::max() : may_run_until();
    if (until <= SteadyClock::now()) {
      kill(pid, SIGKILL);
      overran = true;
      continue;
    }
    siginfo_t info{};
    const int number = next_signal(set, info, until);
    const bool sent_by_process = info.si_code == SI_USER || info.si_code == SI_QUEUE;
    if (number > 0 && number != SIGCHLD && sent_by_process) kill(pid, number);
  }
  // What is still pending, above all a key of the terminal that ended the program, was meant for
  // it, and must not end us once it is no longer blocked.
  constexpr timespec at_once{};
  while (sigtimedwait(&set, nullptr, &at_once) > 0) {
  }
  return {exit_code_of(status), overran};
}

/// A file in memory that holds `content`, at its beginning. A file and not a pipe, so that a filter
/// may read as little of it as it likes while we read its output.
Sys<UniqueFd> memory_file(Kernel& kernel, std::string_view content) {
  UniqueFd file(kernel, memfd_create("latchfile-document", MFD_CLOEXEC));
  if (!file) return std::unexpected(Errno{errno});
  while (!content.empty()) {
    const auto written = retry_eintr([&] { return kernel.write(file.get(), content); });
    if (!written) return std::unexpected(written.error());
    content.remove_prefix(*written);
  }
  if (lseek(file.get(), 0, SEEK_SET) != 0) return std::unexpected(Errno{errno});
  return file;
}

Sys<std::string> read_output(Kernel& kernel, const UniqueFd& from, std::size_t max_bytes) {
  std::string output;
  std::array<char, 65536> buffer{};
  while (output.size() <= max_bytes) {
    const auto got = retry_eintr([&] {
      return kernel.read(from.get(), buffer.data(),
                         std::min(buffer.size(), max_bytes + 1 - output.size()));
    });
    if (!got) return std::unexpected(got.error());
    if (*got == 0) break;
    output.append(buffer.data(), *got);
  }
  return output;
}

}  // namespace

void restore_default_signals() {
  std::signal(SIGCHLD, SIG_DFL);
  std::signal(SIGPIPE, SIG_DFL);
}

void survive_broken_pipes() { std::signal(SIGPIPE, SIG_IGN); }

void end_by_broken_pipe() {
  std::raise(SIGPIPE);
  _exit(128 + SIGPIPE);  // it was blocked
}

Errno become_program(const char* path, char** argv) {
  execv(path, argv);
  return Errno{errno};
}

Sys<Ran> run_program(const std::vector<std::string>& arguments, int descriptor,
                     const std::function<SteadyClock::time_point()>& may_run_until) {
  const WatchedSignals signals;
  const auto pid = start(arguments, {.kept = descriptor}, signals.before());
  if (!pid) return std::unexpected(pid.error());
  return wait_and_pass_signals(*pid, may_run_until);
}

Sys<Filtered> run_filter(Kernel& kernel, const std::vector<std::string>& arguments,
                         std::string_view input, std::size_t max_output_bytes) {
  const auto document = memory_file(kernel, input);
  if (!document) return std::unexpected(document.error());
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::unexpected(Errno{errno});
  const UniqueFd reading(kernel, ends[0]);
  UniqueFd writing(kernel, ends[1]);

  const auto pid = start(arguments, {.in = document->get(), .out = writing.get()}, nullptr);
  if (!pid) return std::unexpected(pid.error());
  {
    const UniqueFd closed_here = std::move(writing);
  }
  auto output = read_output(kernel, reading, max_output_bytes);
  if (!output || output->size() > max_output_bytes) kill(*pid, SIGKILL);
  int status = 0;
  while (waitpid(*pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!output) return std::unexpected(output.error());
  return Filtered{exit_code_of(status), std::move(*output)};
}

}  // namespace latchfile
