// SPDX-License-Identifier: Apache-2.0
#include "local/watch.hpp"

#include <algorithm>
#include <cerrno>

#include "local/names.hpp"
#include "posix/deadline.hpp"

namespace latchfile {
namespace {

/// How many documents are held at a time.
constexpr std::size_t window = 512;
constexpr auto time_to_try_again = std::chrono::milliseconds(200);
/// As many reads as a queue of the usual length may take. What is noted by then, and does not
/// matter, may go on for ever.
constexpr int most_reads_for_nothing = 64;

/// Whether the same load may succeed a moment later although nothing in the root has changed.
bool may_pass(const Error& error) {
  switch (error.code) {
    case Errc::locked:
    case Errc::timed_out: return true;
    case Errc::io:
      return error.sys_errno == EMFILE || error.sys_errno == ENFILE || error.sys_errno == ENOMEM ||
             error.sys_errno == EIO;
    default: return false;
  }
}

}  // namespace

Result<std::unique_ptr<WatchSource>> LocalWatch::open(
    Kernel& kernel, const std::string& root, LocalOptions options,
    const std::optional<std::vector<ContainerId>>& only) {
  auto notes = RootNotes::open(kernel);
  if (!notes) return std::unexpected(std::move(notes.error()));
  std::optional<Ids> ids;
  if (only) ids.emplace(only->begin(), only->end());
  std::unique_ptr<LocalWatch> watch(
      new LocalWatch(kernel, root, options, std::move(*notes), std::move(ids)));
  if (auto begun = watch->begin_anew(); !begun) return std::unexpected(std::move(begun.error()));
  return watch;
}

LocalWatch::LocalWatch(Kernel& kernel, const std::string& root, LocalOptions options,
                       RootNotes notes, std::optional<Ids> only)
    : kernel_(kernel),
      store_(kernel, root, options),
      notes_(std::move(notes)),
      only_(std::move(only)) {}

Result<std::vector<Event>> LocalWatch::next(Wait wait) {
  const auto deadline = deadline_of(kernel_, wait);
  pending_.merge(again_);
  for (int reads = 0;; ++reads) {
    if (stale_) {
      if (auto begun = begin_anew(); !begun) return std::unexpected(std::move(begun.error()));
    }
    auto events = look();
    if (pending_.empty() && !listed_) {
      listed_ = true;
      events.push_back({Event::Kind::listed});
    }
    if (!events.empty()) return events;
    if (!pending_.empty()) continue;

    if (reads >= most_reads_for_nothing && kernel_.now() >= deadline) return events;
    auto more = read_notes();
    if (more && !*more) {
      if (wait.is_never()) return events;
      more = wait_for_notes(deadline);
      if (more && !*more) return events;
    }
    if (!more) {
      stale_ = true;
      return std::unexpected(std::move(more.error()));
    }
  }
}

Result<> LocalWatch::begin_anew() {
  stale_ = true;
  if (auto watched = notes_.watch(store_.root()); !watched) return watched;  // W1
  if (only_) {
    pending_ = *only_;
  } else {
    const auto ids = store_.list();  // W2
    // A root that went while it was listed: W3 finds that noted.
    const bool went = !ids && ids.error().sys_errno == ENOENT;
    if (!ids && !went) return std::unexpected(ids.error());
    if (ids) pending_.insert(ids->begin(), ids->end());
    told_.add_ids_to(pending_);
  }
  stale_ = false;
  return {};
}

/// W4 and W5, of as many as may be held at a time.
std::vector<Event> LocalWatch::look() {
  std::vector<ContainerId> ids;
  while (!pending_.empty() && ids.size() < window)
    ids.push_back(std::move(pending_.extract(pending_.begin()).value()));
  std::vector<Event> events;
  if (ids.empty()) return events;
  store_.load_each(ids, [&](std::size_t i, Result<Document> found) {
    if (!found && may_pass(found.error())) again_.insert(ids[i]);
    told_.tell(ids[i], std::move(found), listed_, events);
  });
  return events;
}

/// W3. False if there was nothing.
Result<bool> LocalWatch::read_notes() {
  const auto notes = notes_.read();
  if (!notes) return std::unexpected(notes.error());
  stale_ = stale_ || notes->all;
  for (const auto& name : notes->names) {
    auto id = names::parse(name, names::state_suffix);
    if (id && (!only_ || only_->contains(*id))) pending_.insert(std::move(*id));
  }
  return notes->any;
}

/// False if nothing came until the deadline.
Result<bool> LocalWatch::wait_for_notes(Kernel::Clock::time_point deadline) {
  auto until = deadline;
  if (!again_.empty()) until = std::min(deadline, kernel_.now() + time_to_try_again);
  const auto ready = readable_by(kernel_, notes_.descriptor(), until);
  if (!ready) return std::unexpected(Error{Errc::io, ready.error().value, "wait for notes"});
  if (*ready) return true;
  pending_.merge(again_);
  return until < deadline;
}

}  // namespace latchfile
