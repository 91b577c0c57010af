// SPDX-License-Identifier: Apache-2.0
#include "oci/liveness.hpp"

#include <algorithm>
#include <charconv>
#include <fcntl.h>

namespace latchfile {
namespace {

struct ProcessStat {
  char state;
  std::uint64_t start_time;
};

/// Fields 3 and 22 of /proc/PID/stat. The command in field 2 may contain spaces and parentheses, so
/// that fields are counted from the last closing one (proc(5)).
std::optional<ProcessStat> parse_stat(std::string_view line) {
  const auto command_end = line.rfind(')');
  if (command_end == line.npos || command_end + 2 >= line.size()) return std::nullopt;
  auto rest = line.substr(command_end + 2);
  const char state = rest.front();
  constexpr int fields_between = 22 - 3;
  for (int i = 0; i < fields_between; ++i) {
    const auto space = rest.find(' ');
    if (space == rest.npos) return std::nullopt;
    rest.remove_prefix(space + 1);
  }
  std::uint64_t start_time = 0;
  if (std::from_chars(rest.data(), rest.data() + rest.size(), start_time).ec != std::errc()) {
    return std::nullopt;
  }
  return ProcessStat{state, start_time};
}

std::optional<ProcessStat> read_stat(Kernel& kernel, pid_t pid) {
  const auto path = "/proc/" + std::to_string(pid) + "/stat";
  const auto fd = retry_eintr([&] { return kernel.openat(AT_FDCWD, path.c_str(), O_RDONLY, 0); });
  if (!fd) return std::nullopt;
  std::string line(1024, '\0');
  const auto got = retry_eintr([&] { return kernel.read(fd->get(), line.data(), line.size()); });
  if (!got) return std::nullopt;
  line.resize(*got);
  return parse_stat(line);
}

}  // namespace

bool process_runs(Kernel& kernel, pid_t pid, std::optional<std::uint64_t> start_time) {
  if (pid <= 0) return false;
  const auto stat = read_stat(kernel, pid);
  if (!stat || stat->state == 'Z' || stat->state == 'X') return false;
  return !start_time || *start_time == stat->start_time;
}

std::string status_of(Kernel& kernel, const Summary& summary) {
  if (!summary.status.empty() || summary.pid == 0) return summary.status;
  return process_runs(kernel, summary.pid, summary.start_time) ? "running" : "stopped";
}

}  // namespace latchfile
