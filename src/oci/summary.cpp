// SPDX-License-Identifier: Apache-2.0
#include "oci/summary.hpp"

#include <limits>
#include <string_view>

#include <simdjson.h>

namespace latchfile {
namespace {

using simdjson::ondemand::object;
using simdjson::ondemand::value;

// A member of another type than expected is passed over: a summary is for people, and the document
// is there for whoever needs to know.

void read_string(value from, std::string& into) {
  std::string_view text;
  if (from.get_string().get(text) == simdjson::SUCCESS) into = text;
}

void read_pid(value from, pid_t& into) {
  std::int64_t number = 0;
  if (from.get_int64().get(number) != simdjson::SUCCESS) return;
  if (number > 0 && number <= std::numeric_limits<pid_t>::max()) {
    into = static_cast<pid_t>(number);
  }
}

void read_start_time(value from, std::optional<std::uint64_t>& into) {
  std::uint64_t number = 0;
  if (from.get_uint64().get(number) == simdjson::SUCCESS) into = number;
}

/// Calls `visit(key, value)` for each member of `from`, if that is an object.
template <class Visit>
void for_each_member(value from, Visit visit) {
  object members;
  if (from.get_object().get(members) != simdjson::SUCCESS) return;
  for (auto member : members) {
    std::string_view key;
    value content;
    if (member.unescaped_key().get(key) != simdjson::SUCCESS) return;
    // The key lies in the parser's buffer, where the value may be written next.
    const std::string name(key);
    if (member.value().get(content) != simdjson::SUCCESS) return;
    visit(name, content);
  }
}

void read_annotations(value from, Summary& into) {
  for_each_member(from, [&](std::string_view key, value content) {
    std::string text;
    read_string(content, text);
    into.annotations.emplace_back(key, std::move(text));
  });
}

/// runsc keeps the whole runtime specification.
void read_spec(value from, Summary& into) {
  for_each_member(from, [&](std::string_view key, value content) {
    if (key == "ociVersion") read_string(content, into.oci_version);
    if (key == "annotations") read_annotations(content, into);
  });
}

/// runc writes annotations as labels `key=value`, and the bundle among them.
void read_runc_labels(value from, Summary& into) {
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

void read_runc_config(value from, Summary& into) {
  for_each_member(from, [&](std::string_view key, value content) {
    if (key == "version") read_string(content, into.oci_version);
    if (key == "labels") read_runc_labels(content, into);
  });
}

void read_member(std::string_view key, value content, Summary& into) {
  if (key == "ociVersion") {
    read_string(content, into.oci_version);
  } else if (key == "status") {
    read_string(content, into.status);
  } else if (key == "pid" || key == "init_process_pid") {
    read_pid(content, into.pid);
  } else if (key == "process-start-time" || key == "init_process_start") {
    read_start_time(content, into.start_time);
  } else if (key == "bundle" || key == "bundleDir") {
    read_string(content, into.bundle);
  } else if (key == "created" || key == "createdAt") {
    read_string(content, into.created);
  } else if (key == "owner") {
    read_string(content, into.owner);
  } else if (key == "annotations") {
    read_annotations(content, into);
  } else if (key == "sandbox") {
    for_each_member(content, [&](std::string_view inner, value pid) {
      if (inner == "pid") read_pid(pid, into.pid);
    });
  } else if (key == "spec") {
    read_spec(content, into);
  } else if (key == "config") {
    read_runc_config(content, into);
  }
}

}  // namespace

Summary summarize(const Document& document) {
  Summary summary;
  static thread_local simdjson::ondemand::parser parser;
  const simdjson::padded_string text(document.bytes());
  simdjson::ondemand::document json;
  if (parser.iterate(text).get(json) != simdjson::SUCCESS) return summary;
  value root;
  if (json.get_value().get(root) != simdjson::SUCCESS) return summary;
  for_each_member(root,
                  [&](std::string_view key, value content) { read_member(key, content, summary); });
  return summary;
}

}  // namespace latchfile
