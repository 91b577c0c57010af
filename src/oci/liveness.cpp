// SPDX-License-Identifier: Apache-2.0
#include "oci/liveness.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>

#include "posix/proc_file.hpp"

namespace latchfile::oci {
namespace {

using Verdict = Liveness::Verdict;

struct ProcessStat {
  pid_t pid;
  char state;
  std::uint64_t threads;
  std::uint64_t start_time;

  /// A main thread that has ended is shown as a zombie while others go on.
  [[nodiscard]] bool has_ended() const {
    return state == 'X' || state == 'x' || (state == 'Z' && threads <= 1);
  }
};

template <class Number>
bool parse(std::string_view text, Number& into) {
  return std::from_chars(text.data(), text.data() + text.size(), into).ec == std::errc();
}

/// Fields 1, 3, 20 and 22 of /proc/PID/stat. The command in field 2 may contain spaces and
/// parentheses, so that fields are counted from the last closing one (proc(5)).
std::optional<ProcessStat> parse_stat(std::string_view line) {
  const auto command_end = line.rfind(')');
  if (command_end == line.npos || command_end + 2 >= line.size()) return std::nullopt;
  auto rest = line.substr(command_end + 2);
  constexpr int first_field = 3;
  std::array<std::string_view, 22 - first_field + 1> fields;
  for (auto& field : fields) {
    const auto end = std::min(rest.find(' '), rest.size());
    field = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  ProcessStat stat{};
  if (fields.front().size() != 1 || !parse(line, stat.pid) ||
      !parse(fields[20 - first_field], stat.threads) ||
      !parse(fields[22 - first_field], stat.start_time)) {
    return std::nullopt;
  }
  stat.state = fields.front().front();
  return stat;
}

Sys<ProcessStat> read_stat(Kernel& kernel, const std::string& process) {
  const auto line = read_proc(kernel, "/proc/" + process + "/stat", 4096);
  if (!line) return std::unexpected(line.error());
  const auto stat = parse_stat(*line);
  if (!stat) return std::unexpected(Errno{EBADMSG});
  return *stat;
}

std::string read_boot_id(Kernel& kernel) {
  auto id = read_proc(kernel, "/proc/sys/kernel/random/boot_id", 256);
  if (!id) return {};
  while (id->ends_with('\n'))
    id->pop_back();
  return std::move(*id);
}

std::string named(pid_t pid) { return "pid " + std::to_string(pid); }

Liveness found(Verdict verdict, std::string reason) { return {verdict, false, std::move(reason)}; }

constexpr auto no_proc = "/proc is not that of this process's pid namespace";

/// /proc has no such process. It hides those of other users where it is mounted so (hidepid), and
/// then it takes another question to tell.
Liveness without_stat(Kernel& kernel, pid_t pid, Errno error) {
  if (error.value != ENOENT && error.value != ESRCH) {
    return found(Verdict::unknown, named(pid) + " cannot be read: " +
                                       Error{Errc::io, error.value, "/proc"}.message());
  }
  if (kernel.pidfd_open(pid)) return found(Verdict::unknown, "/proc does not show " + named(pid));
  return found(Verdict::dead, "there is no " + named(pid));
}

}  // namespace

Observer::Observer(Kernel& kernel) : kernel_(kernel), boot_id_(read_boot_id(kernel)) {
  const auto namespace_file = kernel.fstatat(AT_FDCWD, "/proc/self/ns/pid", 0, Times::no);
  if (namespace_file) pid_namespace_ = namespace_file->st_ino;
  const auto self = read_stat(kernel, "self");
  proc_is_ours_ = self && self->pid == kernel.getpid();
}

Liveness Observer::look(const Process& process) const {
  const auto who = named(process.pid());
  if (any_machine_ && (process.boot_id().empty() || process.boot_id() != boot_id_)) {
    return found(Verdict::unknown, who + " may be one of another machine");
  }
  if (!process.boot_id().empty() && process.boot_id() != boot_id_) {
    if (boot_id_.empty()) return found(Verdict::unknown, "the boot id cannot be read");
    return found(Verdict::dead, who + " was one of another boot");
  }
  if (process.pid_namespace() && process.pid_namespace() != pid_namespace_) {
    return found(Verdict::unknown, who + " is one of another pid namespace");
  }
  if (!proc_is_ours_) return found(Verdict::unknown, no_proc);

  const auto stat = read_stat(kernel_, std::to_string(process.pid()));
  if (!stat) return without_stat(kernel_, process.pid(), stat.error());
  if (process.start_time() && *process.start_time() != stat->start_time) {
    return found(Verdict::dead, who + " is another process now");
  }
  if (stat->has_ended()) return found(Verdict::dead, who + " is a zombie");
  if (process.start_time()) return found(Verdict::alive, who + " runs");
  return {Verdict::alive, true, who + " runs; whether it is the same process was not noted"};
}

Result<Process> Observer::identify(pid_t pid) const {
  auto process = Process::recorded(pid);
  if (!process) return process;
  const auto fail = [&](Errc code, int error, const std::string& why) {
    return std::unexpected(Error{code, error, "identify " + named(pid) + ": " + why});
  };
  if (!proc_is_ours_) return fail(Errc::unsupported, 0, no_proc);
  const auto stat = read_stat(kernel_, std::to_string(pid));
  if (!stat) {
    const auto liveness = without_stat(kernel_, pid, stat.error());
    if (liveness.verdict == Verdict::dead) return fail(Errc::not_found, 0, liveness.reason);
    const bool hidden = stat.error().value == ENOENT || stat.error().value == ESRCH;
    if (hidden) return fail(Errc::unsupported, 0, liveness.reason);
    return fail(Errc::io, stat.error().value, "read /proc/" + std::to_string(pid) + "/stat");
  }
  if (stat->has_ended()) return fail(Errc::not_found, 0, "it is a zombie");
  return Process::recorded(pid, stat->start_time, boot_id_, pid_namespace_);
}

Result<UniqueFd> open_process(Kernel& kernel, const Process& process) {
  const auto fail = [&](Errc code, int error, const std::string& why) {
    return std::unexpected(Error{code, error, "open a pidfd of " + named(process.pid()) + why});
  };
  auto fd = kernel.pidfd_open(process.pid());
  if (!fd && fd.error().value == ESRCH) return fail(Errc::not_found, 0, ": there is none");
  if (!fd) {
    return fail(fd.error().value == ENOSYS ? Errc::unsupported : Errc::io, fd.error().value, "");
  }
  const auto liveness = Observer(kernel).look(process);
  switch (liveness.verdict) {
    case Verdict::dead: return fail(Errc::not_found, 0, ": " + liveness.reason);
    case Verdict::unknown: return fail(Errc::unsupported, 0, ": " + liveness.reason);
    case Verdict::alive: break;
  }
  return std::move(*fd);
}

std::string status_of(const Observer& observer, const Summary& summary) {
  const auto& written = summary.status;
  const bool has_process = written.empty() || written == "creating" || written == "created" ||
                           written == "running" || written == "paused";
  if (!has_process || !summary.process) return written;
  switch (observer.look(*summary.process).verdict) {
    case Verdict::dead: return "stopped";
    case Verdict::alive: return written.empty() ? "running" : written;
    case Verdict::unknown: return written.empty() ? "unknown" : written;
  }
  return written;
}

}  // namespace latchfile::oci
