// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

namespace latchfile::test {

OnTerminal::OnTerminal(const std::vector<std::string>& arguments, unsigned short columns,
                       const std::vector<std::string>& env) {
  winsize size{};
  size.ws_col = columns;
  size.ws_row = 24;
  int slave = -1;
  if (openpty(&master_, &slave, nullptr, nullptr, &size) != 0) throw std::runtime_error("openpty");
  fcntl(master_, F_SETFD, FD_CLOEXEC);
  termios settings{};
  tcgetattr(slave, &settings);
  settings.c_oflag &= ~static_cast<tcflag_t>(OPOST);
  settings.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(slave, TCSANOW, &settings);

  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    login_tty(slave);
    unsetenv("NO_COLOR");
    for (const auto& variable : env)
      putenv(const_cast<char*>(variable.c_str()));
    execute(arguments);
  }
  close(slave);
}

OnTerminal::~OnTerminal() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(master_);
}

void OnTerminal::type(std::string_view keys) const {
  if (write(master_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
    throw std::runtime_error("write to the terminal");
  }
}

bool OnTerminal::read_more() {
  constexpr int longest_silence_ms = 20'000;
  pollfd ready{master_, POLLIN, 0};
  if (poll(&ready, 1, longest_silence_ms) <= 0) return false;
  std::array<char, 4096> buffer{};
  // EIO once nobody has the other side open.
  const auto got = read(master_, buffer.data(), buffer.size());
  if (got <= 0) return false;
  shown_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

bool OnTerminal::shows(std::string_view text) {
  while (shown_.find(text) == shown_.npos) {
    if (!read_more()) return false;
  }
  return true;
}

Outcome OnTerminal::end() {
  while (read_more()) {
  }
  int status = 0;
  const bool ended = eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; });
  if (!ended) throw std::runtime_error("the program on the terminal does not end");
  pid_ = -1;
  return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), shown_, {}};
}

}  // namespace latchfile::test
