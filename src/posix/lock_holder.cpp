// SPDX-License-Identifier: Apache-2.0
#include "posix/lock_holder.hpp"

#include <algorithm>
#include <charconv>
#include <sys/sysmacros.h>

#include "base/quote.hpp"
#include "posix/proc_file.hpp"

namespace latchfile {
namespace {

/// Takes the next word off `rest`.
std::string_view next_word(std::string_view& rest) {
  const auto begin = std::min(rest.find_first_not_of(' '), rest.size());
  const auto end = std::min(rest.find(' ', begin), rest.size());
  const auto word = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return word;
}

template <class Number>
std::optional<Number> number(std::string_view text, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// `1: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF`, or with `->` after the number while waiting.
std::optional<FlockEntry> parse_line(std::string_view line) {
  if (next_word(line).empty()) return std::nullopt;
  auto kind = next_word(line);
  const bool waiting = kind == "->";
  if (waiting) kind = next_word(line);
  if (kind != "FLOCK") return std::nullopt;
  next_word(line);  // ADVISORY
  next_word(line);  // READ or WRITE
  const auto pid = number<pid_t>(next_word(line), 10);
  const auto file = next_word(line);
  const auto first = file.find(':');
  const auto second = file.find(':', first + 1);
  if (!pid || first == file.npos || second == file.npos) return std::nullopt;
  const auto major = number<unsigned>(file.substr(0, first), 16);
  const auto minor = number<unsigned>(file.substr(first + 1, second - first - 1), 16);
  const auto inode = number<ino_t>(file.substr(second + 1), 10);
  if (!major || !minor || !inode) return std::nullopt;
  return FlockEntry{*inode, makedev(*major, *minor), waiting, std::max(*pid, 0)};
}

/// The mount of an open file, by the number that mountinfo has for it (proc(5)).
std::optional<int> mount_id_of(Kernel& kernel, int fd) {
  constexpr std::string_view member = "mnt_id:\t";
  const auto text = read_proc(kernel, "/proc/self/fdinfo/" + std::to_string(fd), 4096);
  if (!text) return std::nullopt;
  const auto at = text->find(member);
  if (at == text->npos) return std::nullopt;
  const auto rest = std::string_view(*text).substr(at + member.size());
  return number<int>(rest.substr(0, rest.find('\n')), 10);
}

/// Of `44 26 0:39 / /srv rw - overlay …` for the mount 44: the device 0:39.
std::optional<dev_t> device_of_mount(std::string_view mountinfo, int mount_id) {
  while (!mountinfo.empty()) {
    auto line = mountinfo.substr(0, mountinfo.find('\n'));
    mountinfo.remove_prefix(std::min(line.size() + 1, mountinfo.size()));
    if (number<int>(next_word(line), 10) != mount_id) continue;
    next_word(line);  // the parent
    const auto device = next_word(line);
    const auto colon = std::min(device.find(':'), device.size());
    const auto major = number<unsigned>(device.substr(0, colon), 10);
    const auto minor = number<unsigned>(device.substr(std::min(colon + 1, device.size())), 10);
    if (!major || !minor) return std::nullopt;
    return makedev(*major, *minor);
  }
  return std::nullopt;
}

}  // namespace

FlockMatcher::FlockMatcher(const Directory& dir) {
  constexpr std::size_t max_bytes = std::size_t{16} << 20;
  const auto mount_id = mount_id_of(dir.kernel, dir.fd.get());
  if (!mount_id) return;
  if (const auto mountinfo = read_proc(dir.kernel, "/proc/self/mountinfo", max_bytes)) {
    mounted_ = device_of_mount(*mountinfo, *mount_id);
  }
}

std::vector<FlockEntry> parse_flocks(std::string_view text) {
  std::vector<FlockEntry> entries;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (const auto entry = parse_line(text.substr(0, end))) entries.push_back(*entry);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  std::ranges::sort(entries);
  const auto repeated = std::ranges::unique(entries);
  entries.erase(repeated.begin(), repeated.end());
  return entries;
}

Sys<std::vector<FlockEntry>> read_flocks(Kernel& kernel) {
  constexpr std::size_t max_bytes = std::size_t{64} << 20;
  const auto text = read_proc(kernel, "/proc/locks", max_bytes);
  if (!text) return std::unexpected(text.error());
  return parse_flocks(*text);
}

std::string command_of(Kernel& kernel, pid_t pid) {
  constexpr std::size_t max_bytes = 4096;
  if (pid == 0) return {};
  const auto proc = "/proc/" + std::to_string(pid);
  auto arguments = read_proc(kernel, proc + "/cmdline", max_bytes);
  if (!arguments) return {};
  while (!arguments->empty() && arguments->back() == '\0')
    arguments->pop_back();
  if (!arguments->empty()) {
    std::ranges::replace(*arguments, '\0', ' ');
    return *arguments;
  }
  // A kernel thread or a zombie has no arguments left, but still a name.
  auto name = read_proc(kernel, proc + "/comm", max_bytes);
  if (!name || name->empty()) return {};
  if (name->back() == '\n') name->pop_back();
  return "[" + *name + "]";
}

std::string describe_holder(const Directory& dir, const struct stat& lock_file) {
  Kernel& kernel = dir.kernel;
  const auto flocks = read_flocks(kernel);
  if (!flocks) return "held by a process that cannot be named, because /proc/locks is unreadable";
  const FlockMatcher matcher(dir);
  const auto holder = std::ranges::find_if(*flocks, [&](const FlockEntry& entry) {
    return !entry.waiting && matcher.is_on(entry, lock_file);
  });
  if (holder == flocks->end() || holder->pid == 0) {
    return "held by a process of another pid namespace or machine, or just released";
  }
  const auto command = command_of(kernel, holder->pid);
  const auto who = "held by pid " + std::to_string(holder->pid);
  if (command.empty()) return who + ", which is gone but left the lock to a child";
  return who + " (" + printable(command) + ")";
}

}  // namespace latchfile
