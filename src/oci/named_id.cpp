// SPDX-License-Identifier: Apache-2.0
#include "oci/named_id.hpp"

#include "oci/members.hpp"

namespace latchfile::oci {

std::optional<std::string> other_container(const Document& document, const ContainerId& id) {
  std::string name;
  std::string sandbox;
  std::string status;
  for_each_member(document, [&](std::string_view key, JsonValue content) {
    if (key == "id") {
      read_string(content, name);
    } else if (key == "status") {
      read_string(content, status);
    } else if (key == "sandbox") {
      for_each_member(content, [&](std::string_view inner, JsonValue value) {
        if (inner == "id") read_string(value, sandbox);
      });
    }
  });
  if (name.empty() || status.empty()) return std::nullopt;
  if (name != id.container() && name != id.text()) return name;
  // A file name of the older form has no sandbox to compare with.
  if (id.sandbox().empty() || sandbox.empty() || sandbox == id.sandbox()) return std::nullopt;
  return sandbox + "/" + name;
}

}  // namespace latchfile::oci
