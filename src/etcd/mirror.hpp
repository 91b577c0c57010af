// SPDX-License-Identifier: Apache-2.0
//
// Mirror: keeps a copy of a root of this machine in etcd.
//
//   N1  take the presence, and note which ids are published
//   N2  follow the root from its beginning, and publish what is told, as it was told; of what was
//       there before, only what is published otherwise
//   N3  once all that was there is told: remove what is published and was not told
//   N4  while there is nothing to tell: say now and then that we are there
//
// Whatever gets no answer is sent again until it has one, and meanwhile nothing more is taken from
// the root: its watch merges what changes. If the lease is over by then, it is N1 again. So there
// is nothing to catch up that could be forgotten, and what is held is bounded by the window of the
// watch and by the ids.
//
// The root is only watched and read. A document that cannot be read stays as it is published.
//
// Used by one thread at a time.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <set>

#include "etcd/etcd_backend.hpp"
#include "etcd/presence.hpp"
#include "latchfile/watch.hpp"

namespace latchfile {

class Mirror {
 public:
  using Clock = Gateway::Clock;

  /// `complain` is told what cannot be published, and why; the mirror goes on.
  Mirror(std::shared_ptr<const EtcdSite> site, Store root,
         std::function<void(const Error&)> complain);

  /// Does a part of what there is to do; it may be called again at once if there was any. Waits for
  /// etcd alone.
  ///
  /// Errors: unavailable: etcd cannot be reached: call it again, nothing is lost; locked: another
  /// mirror of that name is at work; io: etcd refused; as Store::watch and Watch::next.
  [[nodiscard]] Result<bool> work();

  /// Readable for poll(2) once there may be something to do; -1 while there is no such thing.
  [[nodiscard]] int descriptor() const { return watch_ ? watch_->descriptor() : -1; }
  /// When to call work() at the latest.
  [[nodiscard]] Clock::time_point due() const;

  /// All that has been told is published.
  [[nodiscard]] bool is_complete() const { return !stale_ && listed_ && unsent_.empty(); }

  /// Says for the last time that we are there, and that we are not any more.
  void end();

 private:
  struct Change {
    ContainerId id;
    std::optional<Document> document;  ///< nothing: it is to be removed
    bool may_be_published = false;     ///< just so, before we began
  };

  [[nodiscard]] Result<> begin();
  void take(std::vector<Event> events);
  void pass_over_published();
  [[nodiscard]] Result<> send();
  [[nodiscard]] Result<> commit(const request::Txn& changes);

  const std::shared_ptr<const EtcdSite> site_;
  const EtcdBackend published_;
  const Store root_;
  const std::function<void(const Error&)> complain_;

  const std::string self_;  ///< see Presence::take
  std::unique_ptr<Presence> presence_;
  std::optional<Watch> watch_;
  bool stale_ = true;          ///< N1 is to be done
  bool listed_ = false;        ///< all that was there is told
  bool unreadable_ = false;    ///< there was something that may become readable
  std::set<ContainerId> old_;  ///< published before, and not told yet
  std::deque<Change> unsent_;
  std::size_t most_changes_;  ///< that are sent at once
  Clock::time_point written_{};
};

}  // namespace latchfile
