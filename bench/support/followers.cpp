// SPDX-License-Identifier: Apache-2.0
#include "support/followers.hpp"

#include <array>
#include <fcntl.h>
#include <memory>
#include <sys/inotify.h>
#include <unistd.h>

#include "latchfile/watch.hpp"
#include "support/container_document.hpp"

namespace latchfile::bench {
namespace {

using Told = std::function<void()>;

std::vector<Event> next(Watch& watch) {
  auto events = watch.next(Wait::forever());
  require(events.has_value(), "next");
  return std::move(*events);
}

void follow(Watch& watch, const Told& told) {
  for (;;) {
    for (const auto& event : next(watch)) {
      if (event.kind == Event::Kind::deleted) return;
      if (event.kind == Event::Kind::changed) told();
    }
  }
}

void follow_bare(int inotify, const std::string& root, const Told& told) {
  alignas(inotify_event) std::array<char, 4096> notes{};
  std::array<char, 16384> document{};
  for (;;) {
    require(read(inotify, notes.data(), notes.size()) > 0, "read notes");
    const auto* event = reinterpret_cast<const inotify_event*>(notes.data());
    if ((event->mask & IN_DELETE) != 0) return;
    const int fd = open((root + "/" + event->name).c_str(), O_RDONLY | O_CLOEXEC);
    require(read(fd, document.data(), document.size()) > 0, "read");
    close(fd);
    told();
  }
}

}  // namespace

Follower open_watch(const Store& store) {
  auto opened = store.watch();
  require(opened.has_value(), "watch");
  const auto watch = std::make_shared<Watch>(std::move(*opened));
  while (next(*watch).back().kind != Event::Kind::listed) {
  }
  return [watch](const Told& told) { follow(*watch, told); };
}

Follower open_bare_watch(const std::string& root) {
  const int inotify = inotify_init1(IN_CLOEXEC);
  require(inotify_add_watch(inotify, root.c_str(), IN_MOVED_TO | IN_DELETE) >= 0, "bare watch");
  return [inotify, root](const Told& told) {
    follow_bare(inotify, root, told);
    close(inotify);
  };
}

}  // namespace latchfile::bench
