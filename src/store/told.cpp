// SPDX-License-Identifier: Apache-2.0
#include "store/told.hpp"

namespace latchfile {
namespace {

/// With a text of its own: one that it shares with a list would keep that of all.
ContainerId by_itself(const ContainerId& id) {
  auto copy = ContainerId::parse(id.text());
  if (!copy) return id;
  return std::move(*copy);
}

}  // namespace

void Told::tell(const ContainerId& id, Result<Document> found, bool listed,
                std::vector<Event>& into) {
  const auto told = told_.find(id);
  const bool known = told != told_.end();
  if (!found && found.error().code == Errc::not_found) {
    if (!known) return;
    into.push_back({Event::Kind::deleted, told->first});
    told_.erase(told);
    return;
  }
  auto token = found ? found->version().text() : found.error().message();
  if (known && told->second == token) return;

  const auto news = listed ? Event::Kind::created : Event::Kind::present;
  Event event = known ? Event{Event::Kind::changed, told->first} : Event{news, by_itself(id)};
  if (found) {
    event.state = Snapshot{std::move(*found)};
  } else {
    event.state = std::unexpected(std::move(found.error()));
  }
  told_.insert_or_assign(*event.id, std::move(token));
  into.push_back(std::move(event));
}

void Told::add_ids_to(std::set<ContainerId>& ids) const {
  for (const auto& [id, token] : told_)
    ids.insert(id);
}

}  // namespace latchfile
