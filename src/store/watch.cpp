// SPDX-License-Identifier: Apache-2.0
#include "latchfile/watch.hpp"

#include "store/backend.hpp"

namespace latchfile {

std::string_view to_string(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::present: return "present";
    case Event::Kind::listed: return "listed";
    case Event::Kind::created: return "created";
    case Event::Kind::changed: return "changed";
    case Event::Kind::deleted: return "deleted";
  }
  return "unknown";
}

Watch::Watch(std::unique_ptr<WatchSource> source) : source_(std::move(source)) {}
Watch::Watch(Watch&&) noexcept = default;
Watch& Watch::operator=(Watch&&) noexcept = default;
Watch::~Watch() = default;

Result<std::vector<Event>> Watch::next(Wait wait) { return source_->next(wait); }

int Watch::descriptor() const { return source_->descriptor(); }

Result<Watch> Store::watch() const {
  auto source = backend_->watch(std::nullopt);
  if (!source) return std::unexpected(std::move(source.error()));
  return Watch(std::move(*source));
}

Result<Watch> Store::watch(std::vector<ContainerId> ids) const {
  auto source = backend_->watch(std::move(ids));
  if (!source) return std::unexpected(std::move(source.error()));
  return Watch(std::move(*source));
}

Result<std::unique_ptr<WatchSource>> Backend::watch(
    const std::optional<std::vector<ContainerId>>&) const {
  return std::unexpected(Error{Errc::unsupported, 0, "a store of this kind cannot be watched"});
}

}  // namespace latchfile
