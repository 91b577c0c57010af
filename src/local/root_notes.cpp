// SPDX-License-Identifier: Apache-2.0
#include "local/root_notes.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/inotify.h>

#include "local/way.hpp"

namespace latchfile {
namespace {

/// Where a name of the way comes or goes.
constexpr std::uint32_t way_mask =
    IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF;
/// Our writers only rename and unlink. Others make states in place and rewrite them there.
constexpr std::uint32_t root_mask = way_mask | IN_MODIFY | IN_CLOSE_WRITE;
/// The directory is another now, or none.
constexpr std::uint32_t lost_mask = IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED;

Error at_limit(const std::string& doing, const std::string& what, const std::string& limit) {
  return {Errc::unavailable, 0,
          doing + ": this user has as many inotify " + what + " as " + limit +
              " lets them: raise it with sysctl, or end a program that watches"};
}

Error not_watched(const std::string& path, Errno error) {
  const auto doing = "watch " + path;
  if (error.value == ENOSPC) return at_limit(doing, "watches", "fs.inotify.max_user_watches");
  return {Errc::io, error.value, doing};
}

bool means_gone(Errno error) { return error.value == ENOENT || error.value == ENOTDIR; }

/// EMFILE may be about this process or about this user: another descriptor tells.
bool may_open_more(Kernel& kernel) { return kernel.openat(AT_FDCWD, "/", O_PATH, 0).has_value(); }

}  // namespace

Result<RootNotes> RootNotes::open(Kernel& kernel) {
  const std::string doing = "begin to watch";
  auto inotify = kernel.inotify_init1(IN_NONBLOCK);
  if (inotify) return RootNotes(kernel, std::move(*inotify));
  const int error = inotify.error().value;
  if (error == EMFILE && may_open_more(kernel)) {
    return std::unexpected(at_limit(doing, "instances", "fs.inotify.max_user_instances"));
  }
  return std::unexpected(Error{error == ENOSYS ? Errc::unsupported : Errc::io, error, doing});
}

Result<> RootNotes::watch(const Root& root) {
  WatchedByDescriptor now;
  auto done = watch_all(root, now);
  if (!done) {
    watched_.merge(now);
    return done;
  }
  for (const auto& [watch, directory] : watched_) {
    // A watch that is gone already went with its directory.
    if (!now.contains(watch)) {
      static_cast<void>(kernel_->inotify_rm_watch(inotify_.get(), watch));
    }
  }
  watched_ = std::move(now);
  return {};
}

Result<> RootNotes::watch_all(const Root& root, WatchedByDescriptor& now) {
  const auto add = [&](const std::string& path, std::uint32_t mask) {
    // A directory may be the root and on the way to it as well.
    return kernel_->inotify_add_watch(inotify_.get(), path.c_str(),
                                      mask | IN_ONLYDIR | IN_MASK_ADD);
  };
  // A directory that may not be read cannot be watched. That matters only if the root is to come
  // there.
  std::optional<Error> unseen;
  auto gone = go_way(*kernel_, root.path(), [&](const std::string& dir, const std::string& name) {
    const auto watch = add(dir, way_mask);
    unseen.reset();
    if (watch) {
      now[*watch].names.push_back(name);
    } else if (watch.error().value == EACCES) {
      unseen = not_watched(dir, watch.error());
    } else if (!means_gone(watch.error())) {
      return Result<>(std::unexpected(not_watched(dir, watch.error())));
    }
    return Result<>();
  });
  if (!gone) return gone;

  const auto directory = root.find();
  if (!directory) return std::unexpected(directory.error());
  if (!*directory) {
    if (unseen) return std::unexpected(std::move(*unseen));
    return {};
  }
  const auto watch = add(root.path(), root_mask);
  if (watch) {
    now[*watch].is_root = true;
  } else if (!means_gone(watch.error())) {
    return std::unexpected(not_watched(root.path(), watch.error()));
  }
  return {};
}

Result<RootNotes::Notes> RootNotes::read() {
  Notes notes;
  std::array<char, 65536> buffer;
  const auto got =
      retry_eintr([&] { return kernel_->read(inotify_.get(), buffer.data(), buffer.size()); });
  if (!got) {
    if (got.error().value == EAGAIN) return notes;
    return std::unexpected(Error{Errc::io, got.error().value, "read what inotify noted"});
  }
  notes.any = true;
  for (std::string_view left(buffer.data(), *got); !left.empty();) {
    inotify_event record{};
    std::memcpy(&record, left.data(), std::min(left.size(), sizeof record));
    if (left.size() < sizeof record || left.size() - sizeof record < record.len) {
      notes.all = true;  // half of a record, which no kernel gives, says as little as a lost one
      break;
    }
    left.remove_prefix(sizeof record);
    const auto name = left.substr(0, record.len);
    left.remove_prefix(record.len);
    take(record.mask, record.wd, name.substr(0, name.find('\0')), notes);
  }
  return notes;
}

void RootNotes::take(std::uint32_t mask, int watch, std::string_view name, Notes& into) const {
  if ((mask & IN_Q_OVERFLOW) != 0) into.all = true;
  const auto found = watched_.find(watch);
  if (found == watched_.end()) return;  // it was removed after this was noted
  const auto& [names, is_root] = found->second;
  if ((mask & lost_mask) != 0 || std::ranges::find(names, name) != names.end()) into.all = true;
  if (is_root && !name.empty()) into.names.emplace_back(name);
}

}  // namespace latchfile
