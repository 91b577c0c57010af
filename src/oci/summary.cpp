// SPDX-License-Identifier: Apache-2.0
#include "oci/summary.hpp"

#include <array>
#include <cstdint>
#include <string_view>

#include "oci/members.hpp"
#include "oci/process_reader.hpp"

namespace latchfile::oci {
namespace {

// A member of another type than expected is passed over: a summary is for people, and the document
// is there for whoever needs to know.

void read_annotations(JsonValue from, Summary& into) {
  for_each_member(from, [&](std::string_view key, JsonValue content) {
    std::string text;
    read_string(content, text);
    into.annotations.emplace_back(key, std::move(text));
  });
}

/// runsc keeps the whole runtime specification.
void read_spec(JsonValue from, Summary& into) {
  for_each_member(from, [&](std::string_view key, JsonValue content) {
    if (key == "ociVersion") read_string(content, into.oci_version);
    if (key == "annotations") read_annotations(content, into);
  });
}

/// runc writes annotations as labels `key=value`, and the bundle among them.
void read_runc_labels(JsonValue from, Summary& into) {
  simdjson::ondemand::array labels;
  if (from.get_array().get(labels) != simdjson::SUCCESS) return;
  for (auto label : labels) {
    std::string_view text;
    if (label.get_string().get(text) != simdjson::SUCCESS) continue;
    const auto equals = text.find('=');
    if (equals == text.npos) continue;
    const auto key = text.substr(0, equals);
    const auto content = text.substr(equals + 1);
    if (key == "bundle") {
      into.bundle = content;
    } else {
      into.annotations.emplace_back(key, content);
    }
  }
}

void read_runc_config(JsonValue from, Summary& into) {
  for_each_member(from, [&](std::string_view key, JsonValue content) {
    if (key == "version") read_string(content, into.oci_version);
    if (key == "labels") read_runc_labels(content, into);
  });
}

void read_member(std::string_view key, JsonValue content, Summary& into) {
  if (key == "ociVersion") {
    read_string(content, into.oci_version);
  } else if (key == "status") {
    read_string(content, into.status);
  } else if (key == "bundle" || key == "bundleDir") {
    read_string(content, into.bundle);
  } else if (key == "created" || key == "createdAt") {
    read_string(content, into.created);
  } else if (key == "owner") {
    read_string(content, into.owner);
  } else if (key == "annotations") {
    read_annotations(content, into);
  } else if (key == "spec") {
    read_spec(content, into);
  } else if (key == "config") {
    read_runc_config(content, into);
  }
}

/// The status of an old runsc, which wrote the number that its constant happened to have.
std::string_view status_of_number(std::uint64_t number) {
  constexpr auto names =
      std::to_array<std::string_view>({"created", "creating", "paused", "running", "stopped"});
  return number < names.size() ? names[number] : std::string_view();
}

}  // namespace

Summary summarize(const Document& document) {
  Summary summary;
  ProcessReader process;
  bool of_runsc = false;
  std::uint64_t status_number = ~std::uint64_t{};
  for_each_member(document, [&](std::string_view key, JsonValue content) {
    if (process.take(key, content) || process.take_foreign(key, content)) return;
    if (key == "bundleDir") of_runsc = true;
    if (key == "status" && content.get_uint64().get(status_number) == simdjson::SUCCESS) return;
    read_member(key, content, summary);
  });
  if (of_runsc && summary.status.empty()) summary.status = status_of_number(status_number);
  summary.process = process.process();
  return summary;
}

}  // namespace latchfile::oci
