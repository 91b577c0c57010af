// SPDX-License-Identifier: Apache-2.0
//
// microrun [--root DIR] create ID BUNDLE | create ID -- CMD…
//                       start ID | state ID | kill ID [NUMBER] | delete [--force] ID | list
//
// A container runtime without a daemon, to be read: each call is a process of its own, and what
// they share is one OCI state for each container, kept by Latchfile. Any of them may be killed at
// any moment, and any number may run at once. Needs root.
//
//   create   takes the id, writes `creating`, makes the first process of the container, notes it,
//            and writes `created` once that process waits at its gate
//   start    opens the gate and writes `running`
//   kill     sends a signal to that process and to no other
//   delete   ends what may be ended, and frees the id
//
// The process belongs to its creator until `created` is written, and ends if that one is killed.
// From then on it waits alone, at a socket that has a name and no file. So there is no moment at
// which a kill leaves a process that no state knows.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
extern "C" {  // which glibc 2.36 forgot
#include <sys/pidfd.h>
}

#include <latchfile/json.hpp>
#include <latchfile/local.hpp>
#include <latchfile/oci.hpp>

using namespace latchfile;

namespace {

/// How long a call waits for another that has the container locked.
constexpr Wait patience = Wait::at_most(std::chrono::seconds(10));

std::unexpected<Error> failed(const std::string& what, int error = errno) {
  return std::unexpected(Error{Errc::io, error, what});
}
std::unexpected<Error> refused(const std::string& why) {
  return std::unexpected(Error{Errc::invalid_argument, 0, why});
}

/// A descriptor that is closed with the object.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept { return std::swap(fd_, other.fd_), *this; }
  ~Fd() { close(fd_); }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

// ---- What is to run

struct Spec {
  std::string bundle;  ///< absolute path
  std::vector<std::string> args;
  std::string rootfs = {};  ///< empty: that of the host
  std::string hostname = {};
};

/// What microrun knows of a config.json.
void from_json(const nlohmann::json& config, Spec& spec) {
  config.at("process").at("args").get_to(spec.args);
  config.at("root").at("path").get_to(spec.rootfs);
  spec.hostname = config.value("hostname", "");
}

Result<Spec> read_bundle(const std::filesystem::path& bundle) {
  std::ifstream file(bundle / "config.json");
  if (!file) return failed("open " + (bundle / "config.json").string());
  auto config = Document::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  if (!config) return std::unexpected(config.error());
  auto spec = from_document<Spec>(*config);
  if (!spec) return spec;
  if (spec->args.empty()) return refused("process.args of the bundle is empty");
  spec->bundle = std::filesystem::absolute(bundle).string();
  spec->rootfs = (spec->bundle / std::filesystem::path(spec->rootfs)).string();
  return spec;
}

/// The next message; nothing if the other end was closed.
std::optional<std::string> receive(int socket) {
  std::array<char, 256> text{};
  const auto bytes = recv(socket, text.data(), text.size(), 0);
  if (bytes <= 0) return std::nullopt;
  return std::string(text.data(), static_cast<std::size_t>(bytes));
}

// ---- The gate: where a container that is created waits to be started

/// An abstract socket (unix(7)): no file, it goes with the process that listens. Named by the one
/// process that may listen there.
std::string gate_of(const oci::Process& process) {
  return "microrun-" + std::to_string(process.pid()) + "-" +
         std::to_string(process.start_time().value_or(0));
}

/// bind or connect. The name of an abstract socket begins with a NUL.
int at_gate(int (*call)(int, const sockaddr*, socklen_t), int socket, const std::string& gate) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const auto copied = gate.copy(address.sun_path + 1, sizeof(address.sun_path) - 1);
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + copied);
  return call(socket, reinterpret_cast<const sockaddr*>(&address), bytes);
}

/// Who is at the other end. Abstract names have no owner and no mode: anyone can use them.
ucred peer_of(int fd) {
  ucred peer{.pid = 0, .uid = uid_t(-1), .gid = gid_t(-1)};
  socklen_t bytes = sizeof(peer);
  getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes);
  return peer;
}

/// Lets the process of a container that is created execute its program, and waits until it does.
Result<> open_gate(const oci::Process& process) {
  const Fd gate(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  if (at_gate(connect, gate.get(), gate_of(process)) != 0) {
    const int error = errno;
    const auto liveness = process.liveness();
    // Nobody listens any more: an earlier start got as far as here, and was killed.
    if (liveness.verdict == oci::Liveness::Verdict::alive && error == ECONNREFUSED) return {};
    return failed("open the gate: " + liveness.reason, error);
  }
  if (peer_of(gate.get()).pid != process.pid()) return refused("another process is at the gate");
  // The other end is closed by execve, or says why there was none.
  if (const auto fault = receive(gate.get())) return refused("run its program: " + *fault);
  return {};
}

// ---- The first process of a container

/// Its own view of the machine. Returns what failed, with errno.
const char* isolate(const Spec& spec) {
  if (setsid() < 0) return "setsid";
  if (!spec.hostname.empty() && sethostname(spec.hostname.data(), spec.hostname.size()) != 0)
    return "set the host name";
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "make / private";
  if (!spec.rootfs.empty() && (chroot(spec.rootfs.c_str()) != 0 || chdir("/") != 0))
    return "enter the root file system";
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV, nullptr) != 0) return "mount /proc";
  return nullptr;
}

/// Waits for whoever may start the container. Returns the connection, which execve closes.
int await_start(int gate) {
  for (;;) {
    const int starter = accept4(gate, nullptr, nullptr, SOCK_CLOEXEC);
    if (starter >= 0 && peer_of(starter).uid == geteuid()) return starter;
    close(starter);
  }
}

/// What the first process does, in its namespaces. `creator` is the socket to whoever made it.
[[noreturn]] void be_container(const Spec& spec, int creator) {
  // All descriptors of the creator were inherited, and with them the lock of the container, which
  // would stay locked if the creator were killed.
  constexpr int ours = STDERR_FILENO + 1;
  if (dup2(creator, ours) < 0 || close_range(ours + 1, ~0U, 0) != 0) _exit(1);
  const auto name = receive(ours);
  if (!name) _exit(1);

  const auto* fault = isolate(spec);
  const int gate = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (fault == nullptr && (at_gate(bind, gate, *name) != 0 || listen(gate, 8) != 0))
    fault = "listen at the gate";
  const auto report = fault == nullptr ? "ready" : std::string(fault) + ": " + strerror(errno);
  if (send(ours, report.data(), report.size(), MSG_NOSIGNAL) < 0) _exit(1);
  // Nothing comes if the creator is gone before it could write `created`.
  if (!receive(ours)) _exit(1);
  close(ours);

  const int starter = await_start(gate);
  std::vector<char*> arguments(spec.args.size() + 1);  // and a null pointer behind them
  std::ranges::transform(spec.args, arguments.begin(),
                         [](const auto& text) { return const_cast<char*>(text.c_str()); });
  execvp(arguments.front(), arguments.data());
  const std::string why = strerror(errno);
  send(starter, why.data(), why.size(), MSG_NOSIGNAL);
  _exit(127);
}

/// The first process as its creator has it: killed with the object unless it was let go.
class Init {
 public:
  ~Init() {
    if (pid > 0) kill(pid, SIGKILL);
    if (pid > 0) waitpid(pid, nullptr, 0);
  }

  Result<> spawn(const Spec& spec) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
      return failed("make a socket pair");
    socket_ = Fd(ends[0]);
    const Fd other(ends[1]);
    constexpr unsigned long namespaces = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC;
    // A fork into new namespaces, for which the C library has no function.
    pid = static_cast<pid_t>(syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0));
    if (pid == 0) be_container(spec, other.get());
    if (pid < 0) return failed("make a process in new namespaces");
    return {};
  }

  /// Has it make its surroundings and listen at its gate.
  [[nodiscard]] Result<> set_up(const std::string& gate) const {
    if (send(socket_.get(), gate.data(), gate.size(), MSG_NOSIGNAL) < 0) return failed("set up");
    const auto report = receive(socket_.get());
    if (report != "ready") return refused("set up the container: " + report.value_or("it ended"));
    return {};
  }

  /// From now on it lives without us.
  [[nodiscard]] Result<> let_go() {
    if (send(socket_.get(), "go", 2, MSG_NOSIGNAL) < 0) return failed("let the container go");
    pid = -1;
    return {};
  }

  pid_t pid = -1;

 private:
  Fd socket_{-1};
};

/// Sends a signal to this process and to no other. Returns a descriptor to wait for its end with.
Result<Fd> signal_process(const oci::Process& process, int signal) {
  Fd fd(pidfd_open(process.pid(), 0));
  if (fd.get() < 0) return failed("open pid " + std::to_string(process.pid()));
  // Only now: the pid may have been given to another before the descriptor was there.
  const auto liveness = process.liveness();
  if (liveness.verdict != oci::Liveness::Verdict::alive) return refused(liveness.reason);
  if (pidfd_send_signal(fd.get(), signal, nullptr, 0) != 0) return failed("send a signal");
  return fd;
}

Result<> end_process(const oci::Process& process) {
  const auto fd = signal_process(process, SIGKILL);
  if (!fd) return std::unexpected(fd.error());
  pollfd ended{.fd = fd->get(), .events = POLLIN, .revents = 0};
  constexpr int limit_ms = 10'000;
  if (poll(&ended, 1, limit_ms) != 1) return refused("the killed container does not end");
  return {};
}

// ---- The calls

/// Takes a container from `creating` to `created`, under its lock.
Result<> boot(LockedState& guard, const oci::State& creating, const Spec& spec) {
  Init init;
  if (auto spawned = init.spawn(spec); !spawned) return spawned;
  const auto process = oci::Process::of(init.pid);
  if (!process) return std::unexpected(process.error());
  const auto known = creating.with_process(*process);
  if (!known) return std::unexpected(known.error());
  if (auto saved = guard.save(known->document()); !saved) return saved;
  if (auto ready = init.set_up(gate_of(*process)); !ready) return ready;

  const auto created = known->to_created(*process);
  if (!created) return std::unexpected(created.error());
  if (auto saved = guard.save(created->document()); !saved) return saved;
  return init.let_go();
}

Result<> create(const Store& store, const ContainerId& id, const Spec& spec) {
  const auto creating =
      oci::State::creating({.id = std::string(id.container()), .bundle = spec.bundle});
  if (!creating) return std::unexpected(creating.error());
  // Whoever comes second waits here, and is told that the container exists.
  auto vacancy = store.lock_for_new(id, patience);
  if (!vacancy) return std::unexpected(vacancy.error());
  auto guard = std::move(*vacancy).create(creating->document());
  if (!guard) return std::unexpected(guard.error());
  auto booted = boot(*guard, *creating, spec);
  if (booted) return booted;
  if (auto undone = std::move(*guard).destroy(); !undone)
    booted.error().context += "; and then: " + undone.error().message();
  return booted;
}

Result<> start(const Store& store, const ContainerId& id) {
  const auto started =
      oci::update(store, id, patience, [](const oci::State& now) -> Result<oci::State> {
        auto running = now.to_running();  // an error unless it is created
        if (!running) return running;
        if (auto opened = open_gate(*now.process()); !opened)
          return std::unexpected(opened.error());
        return running;  // is saved before the lock is released
      });
  return started ? Result<>() : std::unexpected(started.error());
}

Result<> print_state(const Store& store, const ContainerId& id) {
  const auto state = oci::settle(store, id, patience);  // `stopped`, if the process is gone
  if (!state) return std::unexpected(state.error());
  std::cout << state->document().bytes() << '\n';
  return {};
}

Result<> send_signal(const Store& store, const ContainerId& id, int signal) {
  const auto found = store.load(id);  // takes no lock: a hung call must not protect the container
  if (!found) return std::unexpected(found.error());
  const auto state = oci::State::parse(found->document);
  if (!state) return std::unexpected(state.error());
  if (state->process() == nullptr) return refused("it has no process");
  const auto sent = signal_process(*state->process(), signal);
  return sent ? Result<>() : std::unexpected(sent.error());
}

Result<> remove(const Store& store, const ContainerId& id, bool force) {
  auto guard = store.lock(id, patience);
  if (!guard) return std::unexpected(guard.error());
  const auto state = oci::State::parse(guard->current().document);
  if (!state) return std::unexpected(state.error());
  if (const auto* process = state->process()) {
    using enum oci::Liveness::Verdict;
    const auto liveness = process->liveness();
    if (liveness.verdict == unknown) return refused(liveness.reason);
    // Under the lock, `creating` means that its creator was killed.
    const bool begun = std::holds_alternative<oci::Running>(state->status());
    if (liveness.verdict == alive && begun && !force)
      return refused("it is running; kill it first, or use --force");
    const auto ended = liveness.verdict == alive ? end_process(*process) : Result<>();
    if (!ended) return ended;
  }
  return std::move(*guard).destroy();
}

Result<> list(const Store& store) {
  return store.load_all([](const LoadedEntry& entry) {
    const auto state = entry.state ? oci::State::parse(entry.state->document)
                                   : Result<oci::State>(std::unexpected(entry.state.error()));
    std::cout << entry.id.text() << '\t'
              << (state ? to_string(effective_status(*state)) : to_string(state.error().code))
              << '\n';
  });
}

// ---- The command line

Result<> call(const Store& store, std::vector<std::string> words) {
  const auto usage = [] { return refused("see the first lines of microrun.cpp"); };
  if (words.empty()) return usage();
  const auto command = words.front();
  const bool force = command == "delete" && std::erase(words, "--force") > 0;
  if (command == "list" && words.size() == 1) return list(store);
  if (words.size() < 2) return usage();
  const auto id = ContainerId::parse(words[1]);
  if (!id) return std::unexpected(id.error());
  if (command == "create" && words.size() > 3 && words[2] == "--") {
    return create(store, *id,
                  {.bundle = std::filesystem::current_path().string(),
                   .args = {words.begin() + 3, words.end()}});
  }
  if (command == "create" && words.size() == 3) {
    const auto spec = read_bundle(words[2]);
    return spec ? create(store, *id, *spec) : std::unexpected(spec.error());
  }
  if (command == "kill" && words.size() <= 3) {
    const int signal = words.size() == 3 ? std::atoi(words[2].c_str()) : SIGTERM;
    return send_signal(store, *id, signal);
  }
  if (words.size() != 2) return usage();
  if (command == "start") return start(store, *id);
  if (command == "state") return print_state(store, *id);
  if (command == "delete") return remove(store, *id, force);
  return usage();
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  std::string root = "/run/microrun";
  if (words.size() >= 2 && words.front() == "--root") {
    root = words[1];
    words.erase(words.begin(), words.begin() + 2);
  }
  const auto store = open_local(root);
  const auto done = store ? call(*store, words) : std::unexpected(store.error());
  if (!done) std::cerr << "microrun: " << done.error().message() << '\n';
  return done ? 0 : 1;
}
