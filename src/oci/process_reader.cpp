// SPDX-License-Identifier: Apache-2.0
#include "oci/process_reader.hpp"

#include <limits>

#include "base/quote.hpp"

namespace latchfile::oci {
namespace {

constexpr std::string_view a_pid = "a whole number from 1 to 2147483647";
constexpr std::string_view a_count = "a whole number from 0 to 18446744073709551615";

}  // namespace

bool ProcessReader::take(std::string_view key, JsonValue value) {
  if (key == "pid") {
    if (pid_seen_ && fault_.empty()) fault_ = "pid is there twice";
    pid_seen_ = true;
    read_pid(key, value, pid_);
  } else if (key == "process-start-time") {
    read_number(key, value, start_time_);
  } else if (key == identity_member) {
    read_identity(value);
  } else {
    return false;
  }
  return true;
}

bool ProcessReader::take_foreign(std::string_view key, JsonValue value) {
  if (key == "init_process_pid") {
    read_pid(key, value, foreign_pid_);
  } else if (key == "init_process_start") {
    read_number(key, value, start_time_);
  } else if (key == "sandbox") {
    for_each_member(value, [&](std::string_view inner, JsonValue pid) {
      if (inner == "pid") read_pid("sandbox.pid", pid, foreign_pid_);
    });
  } else {
    return false;
  }
  return true;
}

std::optional<Process> ProcessReader::process() const {
  const pid_t pid = pid_seen_ ? pid_ : foreign_pid_;
  if (pid == 0) return std::nullopt;
  auto process = identity_ && identity_->pid == pid
                     ? Process::recorded(pid, identity_->start_time, identity_->boot_id,
                                         identity_->pid_namespace)
                     : Process::recorded(pid, start_time_);
  return process ? std::optional(std::move(*process)) : std::nullopt;
}

void ProcessReader::read_pid(std::string_view name, JsonValue from, pid_t& into) {
  into = 0;
  std::int64_t number = 0;
  const bool is_integer = from.get_int64().get(number) == simdjson::SUCCESS;
  if (is_integer && number > 0 && number <= std::numeric_limits<pid_t>::max()) {
    into = static_cast<pid_t>(number);
  } else if (!is_integer || (number != 0 && number != -1)) {
    blame(name, from, a_pid);
  }
}

void ProcessReader::read_number(std::string_view name, JsonValue from,
                                std::optional<std::uint64_t>& into) {
  std::uint64_t number = 0;
  if (from.get_uint64().get(number) == simdjson::SUCCESS) {
    into = number;
  } else {
    blame(name, from, a_count);
  }
}

void ProcessReader::read_identity(JsonValue from) {
  Identity identity;
  const auto name = [](std::string_view key) {
    return std::string(identity_member) + '.' + std::string(key);
  };
  const bool is_object = for_each_member(from, [&](std::string_view key, JsonValue value) {
    if (key == "pid") {
      read_pid(name(key), value, identity.pid);
    } else if (key == "startTime") {
      read_number(name(key), value, identity.start_time);
    } else if (key == "bootId") {
      if (!read_string(value, identity.boot_id)) blame(name(key), value, "a string");
    } else if (key == "pidNamespace") {
      read_number(name(key), value, identity.pid_namespace);
    }
  });
  if (!is_object) blame(identity_member, from, "an object");
  identity_ = std::move(identity);
}

void ProcessReader::blame(std::string_view name, JsonValue value, std::string_view expected) {
  if (!fault_.empty()) return;
  // White space behind it belongs to the token.
  const std::string_view raw = value.raw_json_token();
  const auto token = raw.substr(0, raw.find_last_not_of(" \t\r\n") + 1);
  fault_ = std::string(name) + " is " + printable(token, 40) + ", not " + std::string(expected);
}

}  // namespace latchfile::oci
