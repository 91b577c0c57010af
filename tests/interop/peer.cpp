// SPDX-License-Identifier: Apache-2.0
#include "peer.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/lock_holder.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

struct Pipe {
  int read_end;
  int write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  return {ends[0], ends[1]};
}

/// Forks with one end of each pipe, and leaves the parent the others.
Child start(const std::vector<std::string>& arguments, int& to, int& from) {
  const auto in = make_pipe();
  const auto out = make_pipe();
  Child child([&]() -> int {
    dup2(in.read_end, 0);
    dup2(out.write_end, 1);
    signal(SIGPIPE, SIG_DFL);
    execute(arguments);
  });
  close(in.read_end);
  close(out.write_end);
  signal(SIGPIPE, SIG_IGN);
  to = in.write_end;
  from = out.read_end;
  return child;
}

}  // namespace

Peer::Peer(const std::vector<std::string>& arguments)
    : to_(-1), from_(-1), child_(start(arguments, to_, from_)) {}

Peer::~Peer() {
  close(to_);
  close(from_);
}

std::string Peer::line(std::chrono::milliseconds limit) {
  std::string text;
  for (;;) {
    pollfd readable{from_, POLLIN, 0};
    char next = 0;
    if (poll(&readable, 1, static_cast<int>(limit.count())) <= 0 || read(from_, &next, 1) != 1) {
      throw std::runtime_error("the peer said nothing after '" + text + "'");
    }
    if (next == '\n') return text;
    text += next;
  }
}

void Peer::go_on() const {
  if (write(to_, "\n", 1) != 1) throw std::runtime_error("the peer does not listen");
}

int Peer::finish() {
  go_on();
  return wait();
}

std::vector<std::string> gvisor(std::vector<std::string> command) {
  command.insert(command.begin(), GVISOR_PEER);
  return command;
}

Outcome run_gvisor(std::vector<std::string> command) { return run(gvisor(std::move(command))); }

bool has_waiter(const std::string& lock_file) {
  struct stat file{};
  if (stat(lock_file.c_str(), &file) != 0) return false;
  return std::ranges::any_of(parse_flocks(read_text("/proc/locks")), [&](const auto& entry) {
    return entry.waiting && entry.device == file.st_dev && entry.inode == file.st_ino;
  });
}

Store open_shared_with_gvisor(const std::string& root) {
  LocalOptions options;
  options.durability = Durability::unsafe_on_power_cut;
  options.keep_lock_files = true;
  return or_throw(open_local(root, options));
}

ContainerId id_of(std::string_view text) { return or_throw(ContainerId::parse(text)); }

Document document_of(std::string_view text) { return or_throw(Document::parse(std::string(text))); }

}  // namespace latchfile::test
