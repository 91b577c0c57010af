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
  const auto parts = split(name, suffix);
  if (!parts) return std::nullopt;
  auto id = parts->sandbox.empty() ? ContainerId::parse(parts->container)
                                   : ContainerId::in_sandbox(parts->sandbox, parts->container);
  if (!id) return std::nullopt;
  return std::move(*id);
}

}  // namespace latchfile::names
