// SPDX-License-Identifier: Apache-2.0
#include "local/names.hpp"

namespace latchfile::names {

std::string stem(const ContainerId& id) {
  std::string out;
  out.reserve(id.text().size() + sandbox_infix.size() + temp_suffix.size());
  out.append(id.container());
  if (!id.sandbox().empty()) out.append(sandbox_infix).append(id.sandbox());
  return out;
}

std::optional<ContainerId> parse(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  // A colon is never part of an id, so there is at most one place to split.
  const auto colon = name.find(':');
  auto id = [&]() -> Result<ContainerId> {
    if (colon == name.npos) return ContainerId::parse(name);
    auto container = name.substr(0, colon + 1);
    if (!container.ends_with(sandbox_infix))
      return std::unexpected(Error{Errc::invalid_argument, 0, {}});
    container.remove_suffix(sandbox_infix.size());
    return ContainerId::in_sandbox(name.substr(colon + 1), container);
  }();
  if (!id) return std::nullopt;
  return std::move(*id);
}

}  // namespace latchfile::names
