// SPDX-License-Identifier: Apache-2.0
#include "local/way.hpp"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <fcntl.h>

namespace latchfile {
namespace {

/// As many as the kernel follows, path_resolution(7).
constexpr int most_links = 40;

using Names = std::deque<std::string>;

Names names_of(const std::string& path) {
  Names names;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    auto name = path.substr(at, end - at);
    if (!name.empty() && name != ".") names.push_back(std::move(name));
    at = end + 1;
  }
  return names;
}

std::string inside(const std::string& directory, const std::string& name) {
  auto path = directory;
  if (!path.ends_with('/')) path += '/';
  return path += name;
}

std::string above(const std::string& directory) {
  const auto slash = directory.rfind('/');
  return directory.substr(0, std::max<std::size_t>(slash, 1));
}

std::unexpected<Error> failed(std::string_view doing, const std::string& path, Errno error) {
  return std::unexpected(Error{Errc::io, error.value, std::string(doing) + " " + path});
}

}  // namespace

Result<> go_way(Kernel& kernel, const std::string& path, const VisitName& visit) {
  std::string at = "/";
  auto left = names_of(path);
  for (int links = 0; !left.empty();) {
    const auto name = std::move(left.front());
    left.pop_front();
    if (name == "..") {
      at = above(at);
      continue;
    }
    if (auto visited = visit(at, name); !visited) return visited;
    auto next = inside(at, name);
    const auto found = kernel.fstatat(AT_FDCWD, next.c_str(), AT_SYMLINK_NOFOLLOW, Times::no);
    if (!found && found.error().value == ENOENT) return {};
    if (!found) return failed("stat", next, found.error());
    if (!S_ISLNK(found->st_mode)) {
      at = std::move(next);
      continue;
    }
    const auto text = kernel.readlinkat(AT_FDCWD, next.c_str());
    // It is another by now, which `visit` was in time to notice.
    if (!text && (text.error().value == ENOENT || text.error().value == EINVAL)) return {};
    if (!text) return failed("read link", next, text.error());
    if (++links > most_links) return {};
    const auto named = names_of(*text);
    left.insert(left.begin(), named.begin(), named.end());
    if (text->starts_with('/')) at.resize(1);
  }
  return {};
}

}  // namespace latchfile
