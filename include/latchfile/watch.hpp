// SPDX-License-Identifier: Apache-2.0
//
// watch: what is in a store, and then every change of it.
//
//   auto watch = store.watch();
//   for (;;) {
//     const auto events = watch->next(Wait::forever());
//     if (!events) return complain(events.error());
//     for (const auto& event : *events) take(event);
//   }
//
// First comes one `present` for each container, then one `listed`, then what changes, with no gap
// in between. Several changes of a container may be told as one, in a storm or where the kernel's
// queue overflowed or etcd was away; but each is followed by an event from which it can be seen:
// once the store is at rest, the last event of a container shows it as it is stored. What comes to
// the same document again is not told. Each event has the document as it was read after the change.
//
// In an event loop, poll(2) the descriptor for POLLIN, and then take all there is:
//
//   do {
//     events = watch.next(Wait::never());
//     …
//   } while (events && !events->empty());   // also once before the first poll
//
// A root that does not exist is an empty store, as everywhere. A directory may come, go, or be
// replaced by another, above it as well: what differs is told as `created`, `changed` and
// `deleted`.
//
// Threads: a Watch is used by one at a time, any one. Processes: any number may watch a store, and
// none waits for another. A Watch belongs to the process that opened it: a forked child only
// destroys its copy.
//
// Not promised: the order of changes of different containers. An event when the process of a
// container ends, which changes no document: see oci::wait_for. In a directory, changes that the
// kernel tells nobody of: those made by another machine on a network file system, a file system
// mounted over the root, and those of a document's mode or owner. Where a directory above the root
// cannot be read, that the root or a directory above was removed and made again.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "latchfile/container_id.hpp"
#include "latchfile/document.hpp"
#include "latchfile/error.hpp"
#include "latchfile/export.hpp"
#include "latchfile/wait.hpp"

namespace latchfile {

class WatchSource;

/// What became of one container, as far as it differs from what was told before.
struct Event {
  enum class Kind {
    present,  ///< it was there when the watch began
    listed,   ///< not of a container: all that was there has been told
    created,  ///< it was not there before
    changed,  ///< it has another document, or was destroyed and created again with another
    deleted,  ///< it is gone
  };
  Kind kind;
  std::optional<ContainerId> id = {};  ///< none for `listed`
  /// What is stored, or why it could not be read: see Store::load. None for `listed` and `deleted`.
  std::optional<Result<Snapshot>> state = {};
};

/// As it is written in this header, for example "created".
[[nodiscard]] LATCHFILE_EXPORT std::string_view to_string(Event::Kind kind);

/// Follows a store, from Store::watch.
class LATCHFILE_EXPORT Watch {
 public:
  Watch(Watch&&) noexcept;
  Watch& operator=(Watch&&) noexcept;
  ~Watch();

  /// What there is to tell, at most a few hundred events at a time; waits for it if there is
  /// nothing yet. Empty if nothing came of it in that time: that is no error, and what the
  /// descriptor woke its poller for may be of no interest. A signal does not end it. A writer in
  /// place, as gVisor's, that is caught half way is waited for, 100 ms at most and beyond `wait`.
  ///
  /// Errors: insecure: the root is not to be trusted any more; io; unavailable, as Store::watch.
  /// Nothing is lost by an error: the next call begins with a look at the whole store.
  [[nodiscard]] Result<std::vector<Event>> next(Wait wait);

  /// Readable for poll(2) once there may be something to tell that was not there when next() last
  /// returned nothing. To be polled, not read. The same for the life of the Watch.
  [[nodiscard]] int descriptor() const;

 private:
  friend class Store;
  explicit Watch(std::unique_ptr<WatchSource> source);

  std::unique_ptr<WatchSource> source_;
};

}  // namespace latchfile
