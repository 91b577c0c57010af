// SPDX-License-Identifier: Apache-2.0
#include "latchfile/container_id.hpp"

#include <algorithm>
#include <string>

#include "base/id_text.hpp"
#include "base/quote.hpp"

namespace latchfile {
namespace {

Error bad_id(std::string_view text, const std::string& why) {
  return {Errc::invalid_argument, 0, "invalid container id " + in_quotes(text) + ": " + why};
}

/// Why `part`, which is not one, cannot be a part of an id.
std::string fault_of_part(std::string_view part) {
  if (part.empty()) return "it has an empty part";
  const auto bad = std::ranges::find_if_not(part, id_text::is_character);
  return in_quotes(std::string_view(&*bad, 1)) + " is not one of A-Z a-z 0-9 _ + . -";
}

std::shared_ptr<const char> copy_of(std::string_view text) {
  const auto copy = std::make_shared_for_overwrite<char[]>(text.size());
  std::ranges::copy(text, copy.get());
  return {copy, copy.get()};
}

}  // namespace

Result<ContainerId> ContainerId::parse(std::string_view text) {
  if (text.empty()) {
    return std::unexpected(Error{Errc::invalid_argument, 0, "invalid container id: it is empty"});
  }
  const auto slash = text.find('/');
  if (slash != text.npos) return in_sandbox(text.substr(0, slash), text.substr(slash + 1));
  if (!id_text::is_part(text)) return std::unexpected(bad_id(text, fault_of_part(text)));
  if (!id_text::fits(0, text.size())) {
    return std::unexpected(
        bad_id(text, "it is longer than " + std::to_string(max_bytes) + " bytes"));
  }
  return ContainerId(copy_of(text), static_cast<std::uint8_t>(text.size()), 0);
}

Result<ContainerId> ContainerId::in_sandbox(std::string_view sandbox, std::string_view container) {
  const auto text = std::string(sandbox).append("/").append(container);
  for (const auto part : {sandbox, container}) {
    if (!id_text::is_part(part)) return std::unexpected(bad_id(text, fault_of_part(part)));
  }
  if (!id_text::fits(sandbox.size(), container.size())) {
    return std::unexpected(bad_id(text, "its parts are longer than " +
                                            std::to_string(max_bytes - id_text::sandbox_overhead) +
                                            " bytes together"));
  }
  return ContainerId(copy_of(text), static_cast<std::uint8_t>(text.size()),
                     static_cast<std::uint8_t>(sandbox.size() + 1));
}

}  // namespace latchfile
