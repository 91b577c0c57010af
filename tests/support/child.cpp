// SPDX-License-Identifier: Apache-2.0
#include "support/child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "support/sanitizer.hpp"
#include "support/temp_dir.hpp"

#if __has_feature(thread_sanitizer) || defined(__SANITIZE_THREAD__)
// A holder that is forked while the test has threads needs one for its lease. What such a child
// does is watched less well than what its parent does, which is better than not to run it.
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
#endif

namespace latchfile::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto run_limit = std::chrono::seconds(60);

int code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct Pipe {
  int read_end;
  int write_end;
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    read_end = ends[0];
    write_end = ends[1];
  }
};

/// Moves bytes until both outputs are at their end or the time is up.
void converse(int in, int out, int err, std::string_view input, Outcome& outcome,
              Clock::time_point deadline) {
  fcntl(in, F_SETFL, O_NONBLOCK);
  while (out >= 0 || err >= 0) {
    if (in >= 0 && input.empty()) {
      close(in);
      in = -1;
    }
    std::array<pollfd, 3> fds = {{{in, POLLOUT, 0}, {out, POLLIN, 0}, {err, POLLIN, 0}}};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0 || poll(fds.data(), fds.size(), static_cast<int>(left)) <= 0) break;
    if (fds[0].revents != 0) {
      const auto written = write(in, input.data(), input.size());
      input = written < 0 ? std::string_view() : input.substr(static_cast<std::size_t>(written));
    }
    const auto drain = [](pollfd& from, int& fd, std::string& into) {
      if (from.revents == 0) return;
      std::array<char, 65536> buffer{};
      const auto got = read(fd, buffer.data(), buffer.size());
      if (got > 0) {
        into.append(buffer.data(), static_cast<std::size_t>(got));
      } else {
        close(fd);
        fd = -1;
      }
    };
    drain(fds[1], out, outcome.out);
    drain(fds[2], err, outcome.err);
  }
  for (const int fd : {in, out, err}) {
    if (fd >= 0) close(fd);
  }
}

}  // namespace

void execute(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const auto& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  execvp(argv[0], argv.data());
  _exit(127);
}

Outcome run(const std::vector<std::string>& arguments, const RunOptions& options) {
  Pipe in;
  Pipe out;
  Pipe err;
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid == 0) {
    dup2(in.read_end, 0);
    dup2(out.write_end, 1);
    dup2(err.write_end, 2);
    for (const auto& variable : options.env)
      putenv(const_cast<char*>(variable.c_str()));
    if (!options.working_directory.empty() && chdir(options.working_directory.c_str()) != 0) {
      _exit(126);
    }
    signal(SIGPIPE, SIG_DFL);
    execute(arguments);
  }
  close(in.read_end);
  close(out.write_end);
  close(err.write_end);
  signal(SIGPIPE, SIG_IGN);

  Outcome outcome;
  const auto deadline = Clock::now() + run_limit;
  converse(in.write_end, out.read_end, err.read_end, options.input, outcome, deadline);
  int status = 0;
  const bool ended =
      eventually([&] { return waitpid(pid, &status, WNOHANG) == pid; },
                 std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()));
  if (!ended) {
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
  }
  outcome.exit_code = code_of(status);
  return outcome;
}

Child::Child(const std::function<int()>& body) : pid_(fork()) {
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) _exit(body());
}

Child::Child(const std::vector<std::string>& arguments)
    : Child([&]() -> int {
        const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (const int fd : {0, 1, 2})
          dup2(null, fd);
        execute(arguments);
      }) {}

Child::~Child() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  wait();
}

void Child::signal(int number) const { kill(pid_, number); }

int Child::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return code_of(status);
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() >= deadline) return false;
    // Between two looks at the condition, not instead of one.
    std::this_thread::yield();
    poll(nullptr, 0, 1);
  }
  return true;
}

bool is_sleeping(pid_t pid) {
  const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat");
  const auto command_end = stat.rfind(')');
  return command_end != stat.npos && stat[command_end + 2] == 'S';
}

}  // namespace latchfile::test
