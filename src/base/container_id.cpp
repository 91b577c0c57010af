// SPDX-License-Identifier: Apache-2.0
#include "latchfile/container_id.hpp"

#include <algorithm>
#include <array>

#include "base/quote.hpp"

namespace latchfile {
namespace {

/// A table, because a list of many containers asks for every character of every name.
constexpr auto id_characters = [] {
  std::array<bool, 256> table{};
  for (const char c :
       std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+.-")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

constexpr bool may_be_in_id(char c) { return id_characters[static_cast<unsigned char>(c)]; }

Error bad_id(std::string_view text, const std::string& why) {
  return {Errc::invalid_argument, 0, "invalid container id " + in_quotes(text) + ": " + why};
}

/// Why `part` cannot be a part of an id, or nothing.
std::string fault_of_part(std::string_view part) {
  if (part.empty()) return "it has an empty part";
  const auto bad = std::ranges::find_if_not(part, may_be_in_id);
  if (bad == part.end()) return {};
  return in_quotes(std::string_view(&*bad, 1)) + " is not one of A-Z a-z 0-9 _ + . -";
}

}  // namespace

Result<ContainerId> ContainerId::parse(std::string_view text) {
  if (text.empty()) {
    return std::unexpected(Error{Errc::invalid_argument, 0, "invalid container id: it is empty"});
  }
  const auto slash = text.find('/');
  if (slash != text.npos) return in_sandbox(text.substr(0, slash), text.substr(slash + 1));
  if (const auto fault = fault_of_part(text); !fault.empty()) {
    return std::unexpected(bad_id(text, fault));
  }
  if (text.size() > max_bytes) {
    return std::unexpected(
        bad_id(text, "it is longer than " + std::to_string(max_bytes) + " bytes"));
  }
  return ContainerId(std::string(text), 0);
}

Result<ContainerId> ContainerId::in_sandbox(std::string_view sandbox, std::string_view container) {
  // What the file name form CID_sandbox:SID adds to the two parts.
  constexpr std::size_t overhead = 9;
  std::string text;
  text.reserve(sandbox.size() + 1 + container.size());
  text.append(sandbox).append("/").append(container);
  for (const auto part : {sandbox, container}) {
    if (const auto fault = fault_of_part(part); !fault.empty()) {
      return std::unexpected(bad_id(text, fault));
    }
  }
  if (sandbox.size() + container.size() + overhead > max_bytes) {
    return std::unexpected(bad_id(
        text,
        "its parts are longer than " + std::to_string(max_bytes - overhead) + " bytes together"));
  }
  return ContainerId(std::move(text), sandbox.size() + 1);
}

}  // namespace latchfile
