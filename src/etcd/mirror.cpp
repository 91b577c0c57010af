// SPDX-License-Identifier: Apache-2.0
#include "etcd/mirror.hpp"

#include <algorithm>

#include "etcd/envelope.hpp"

namespace latchfile {
namespace {

/// Of one request: etcd takes 128 operations and 1.5 MiB unless it is set up otherwise. A document
/// that is larger is sent alone.
constexpr std::size_t most_operations = 100;
constexpr std::size_t most_bytes = std::size_t{512} << 10;

/// What could not be read may be readable later, which no descriptor tells.
constexpr auto time_to_look_again = std::chrono::seconds(1);

}  // namespace

Mirror::Mirror(std::shared_ptr<const EtcdSite> site, Store root,
               std::function<void(const Error&)> complain)
    : site_(std::move(site)),
      published_(site_),
      root_(std::move(root)),
      complain_(std::move(complain)),
      self_(envelope::new_id()),
      most_changes_(most_operations) {}

Result<bool> Mirror::work() {
  if (stale_ || presence_->is_lost()) {
    auto begun = begin();
    if (!begun) return std::unexpected(std::move(begun.error()));
    return true;
  }
  if (!unsent_.empty()) {
    if (auto sent = send(); !sent) return std::unexpected(std::move(sent.error()));
    return true;
  }
  if (site_->kernel().now() >= written_ + site_->ttl) {  // N4
    if (auto said = commit({}); !said) return std::unexpected(std::move(said.error()));
  }
  auto events = watch_->next(Wait::never());
  if (!events) return std::unexpected(std::move(events.error()));
  const bool any = !events->empty();
  take(std::move(*events));
  return any;
}

Mirror::Clock::time_point Mirror::due() const {
  const auto now = site_->kernel().now();
  if (stale_ || !unsent_.empty()) return now;
  const auto next_word = written_ + site_->ttl;
  return unreadable_ ? std::min(next_word, now + time_to_look_again) : next_word;
}

void Mirror::end() {
  // Whether or not that is heard: the lease would end by itself.
  if (presence_ && !presence_->is_lost()) static_cast<void>(presence_->write({}));
  presence_.reset();
  stale_ = true;
}

/// N1.
Result<> Mirror::begin() {
  stale_ = true;
  if (presence_ && presence_->is_lost()) presence_.reset();
  if (!presence_) {
    auto taken = Presence::take(site_, self_);
    if (!taken) return std::unexpected(std::move(taken.error()));
    presence_ = std::move(*taken);
    written_ = site_->kernel().now();
  }
  auto ids = published_.list();
  if (!ids) return std::unexpected(std::move(ids.error()));
  auto watch = root_.watch();
  if (!watch) return std::unexpected(std::move(watch.error()));
  watch_ = std::move(*watch);
  old_ = std::set(std::make_move_iterator(ids->begin()), std::make_move_iterator(ids->end()));
  unsent_.clear();
  listed_ = false;
  stale_ = false;
  return {};
}

/// N2 and N3.
void Mirror::take(std::vector<Event> events) {
  for (auto& event : events) {
    if (!event.id) {
      for (const auto& id : std::exchange(old_, {}))
        unsent_.push_back({id, std::nullopt});
      listed_ = true;
    } else if (!event.state) {
      unsent_.push_back({std::move(*event.id), std::nullopt});
    } else if (*event.state) {
      const bool was_there = old_.erase(*event.id) > 0;
      unsent_.push_back(
          {std::move(*event.id), std::move((*event.state)->document), was_there && !listed_});
    } else {
      complain_(event.state->error());
      unreadable_ = true;
      old_.erase(*event.id);
    }
  }
  pass_over_published();
}

void Mirror::pass_over_published() {
  std::vector<ContainerId> ids;
  for (const auto& change : unsent_) {
    if (change.may_be_published) ids.push_back(change.id);
  }
  if (ids.empty()) return;
  std::vector<Result<Document>> documents;
  published_.load_each(
      ids, [&](std::size_t, Result<Document> found) { documents.push_back(std::move(found)); });
  auto published = documents.begin();
  std::erase_if(unsent_, [&](const Change& change) {
    if (!change.may_be_published) return false;
    const auto& document = *published++;
    return document && document->bytes() == change.document->bytes();
  });
}

/// As many of the first as fit one request.
Result<> Mirror::send() {
  request::Txn request;
  std::set<ContainerId> named;  // etcd takes no key twice
  std::size_t bytes = 0;
  for (const auto& change : unsent_) {
    bytes += change.document ? change.document->bytes().size() : 0;
    if (named.size() == most_changes_ || (bytes > most_bytes && !named.empty())) break;
    if (!named.insert(change.id).second) break;
    const auto key = site_->keys.state(change.id);
    if (change.document) {
      request.then_put(key, envelope::seal(envelope::new_id(), change.document->bytes()));
    } else {
      request.then_delete(key);
    }
  }
  auto written = commit(request);
  if (written && !stale_) {
    unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(named.size()));
    most_changes_ = most_operations;
  }
  if (written || written.error().code != Errc::too_large) return written;
  if (named.size() > 1) {
    most_changes_ = named.size() / 2;
    return {};
  }
  // What was published of it before is not true any more.
  complain_(in_operation("publish", unsent_.front().id, std::move(written.error())));
  unsent_.front().document.reset();
  return {};
}

/// If the presence is lost, N1 is next.
Result<> Mirror::commit(const request::Txn& changes) {
  const auto now = site_->kernel().now();
  auto written = presence_->write(changes);
  if (written) written_ = now;
  if (written || written.error().code != Errc::lock_lost) return written;
  stale_ = true;
  return {};
}

}  // namespace latchfile
