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

bool append_text(std::string_view name, std::string_view suffix, std::string& to) {
  if (!name.ends_with(suffix)) return false;
  name.remove_suffix(suffix.size());
  // A slash is in no file name and a colon in no id, so there is at most one place to split.
  const auto colon = name.find(':');
  if (colon == name.npos) {
    to.append(name);
    return true;
  }
  const auto container_and_infix = name.substr(0, colon + 1);
  if (!container_and_infix.ends_with(sandbox_infix)) return false;
  to.append(name.substr(colon + 1)).append(1, '/');
  to.append(container_and_infix.substr(0, container_and_infix.size() - sandbox_infix.size()));
  return true;
}

std::optional<ContainerId> parse(std::string_view name, std::string_view suffix) {
  std::string text;
  if (!append_text(name, suffix, text)) return std::nullopt;
  auto id = ContainerId::parse(text);
  if (!id) return std::nullopt;
  return std::move(*id);
}

}  // namespace latchfile::names
