// SPDX-License-Identifier: Apache-2.0
#include "etcd/watch.hpp"

#include "etcd/requests.hpp"
#include "posix/deadline.hpp"

namespace latchfile {
namespace {

/// How many documents are held at a time.
constexpr std::size_t window = 512;

std::unexpected<Error> failed(CallFailure failure) {
  failure.error.context = "watch: " + failure.error.context;
  return std::unexpected(std::move(failure.error));
}

}  // namespace

Result<std::unique_ptr<WatchSource>> EtcdWatch::open(
    std::shared_ptr<const EtcdSite> site, const std::optional<std::vector<ContainerId>>& only) {
  auto stream = site->gateway->transport().new_stream();
  if (!stream) return std::unexpected(std::move(stream.error()));
  std::optional<Ids> ids;
  if (only) ids.emplace(only->begin(), only->end());
  std::unique_ptr<EtcdWatch> watch(
      new EtcdWatch(std::move(site), std::move(*stream), std::move(ids)));
  if (auto begun = watch->begin_anew(); !begun) return std::unexpected(std::move(begun.error()));
  return watch;
}

EtcdWatch::EtcdWatch(std::shared_ptr<const EtcdSite> site,
                     std::unique_ptr<Transport::Stream> stream, std::optional<Ids> only)
    : store_(std::move(site)),
      stream_(std::move(stream)),
      only_(std::move(only)),
      watched_(only_ ? store_.site().keys.states_of(*only_) : store_.site().keys.all_states()) {}

Result<std::vector<Event>> EtcdWatch::next(Wait wait) {
  const auto deadline = deadline_of(store_.site().kernel(), wait);
  for (;;) {
    if (stale_) {
      if (auto begun = begin_anew(); !begun) return std::unexpected(std::move(begun.error()));
    }
    auto events = look();
    if (!events) {
      stale_ = true;
      return events;
    }
    if (pending_.empty() && !listed_) {
      listed_ = true;
      events->push_back({Event::Kind::listed});
    }
    if (!events->empty()) return events;
    if (!pending_.empty()) continue;
    if (!read_changes(deadline)) return events;
  }
}

Result<std::int64_t> EtcdWatch::take_stock() {
  if (only_) {
    pending_ = *only_;
    const auto range = store_.site().gateway->call(
        request::path::range, request::range({.key = watched_.from, .keys_only = true}),
        answer::read_range);
    if (!range) return failed(range.error());
    return range->revision;
  }
  auto listed = store_.list_at_revision();
  if (!listed) return std::unexpected(std::move(listed.error()));
  pending_.insert(listed->ids.begin(), listed->ids.end());
  told_.add_ids_to(pending_);
  return listed->revision;
}

Result<> EtcdWatch::begin_anew() {
  stale_ = true;
  auto& gateway = *store_.site().gateway;
  const auto revision = take_stock();
  if (!revision) return std::unexpected(revision.error());
  const auto opened =
      gateway.open_watch(*stream_, watched_.from, watched_.end, *revision + 1,  // F2
                         gateway.now() + gateway.timing().overall);
  if (!opened) return failed(opened.error());
  add(*opened);
  stale_ = opened->canceled;
  return {};
}

/// F4 and F5, of as many as may be held at a time.
Result<std::vector<Event>> EtcdWatch::look() {
  std::vector<ContainerId> ids;
  while (!pending_.empty() && ids.size() < window)
    ids.push_back(std::move(pending_.extract(pending_.begin()).value()));
  std::vector<Event> events;
  if (ids.empty()) return events;
  std::vector<Result<Document>> documents;
  store_.load_each(ids, [&](std::size_t, Result<Document> document) {
    documents.push_back(std::move(document));
  });
  for (const auto& document : documents) {
    // Of the connection and not of the container.
    if (!document &&
        (document.error().code == Errc::unavailable || document.error().code == Errc::io)) {
      return std::unexpected(document.error());
    }
  }
  for (std::size_t i = 0; i < ids.size(); ++i)
    told_.tell(ids[i], std::move(documents[i]), listed_, events);
  return events;
}

void EtcdWatch::add(const answer::Watched& watched) {
  const auto folder = store_.site().keys.states();
  for (const auto& change : watched.changes) {
    if (!change.key.starts_with(folder)) continue;
    auto id = ContainerId::parse(std::string_view(change.key).substr(folder.size()));
    if (id && (!only_ || only_->contains(*id))) pending_.insert(std::move(*id));
  }
}

/// F3.
bool EtcdWatch::read_changes(Gateway::Clock::time_point deadline) {
  bool any = false;
  // What has come by now is taken at once; only for the first of it is there a wait.
  for (auto until = deadline; !stale_; until = Gateway::Clock::time_point::min()) {
    auto line = stream_->next_line(until);
    if (line && !*line) return any;
    auto watched = line ? answer::read_watched(**line) : std::nullopt;
    stale_ = !watched || watched->failed || watched->canceled;
    if (watched) add(*watched);
    any = true;
    if (pending_.size() >= window) break;
  }
  return true;
}

}  // namespace latchfile
