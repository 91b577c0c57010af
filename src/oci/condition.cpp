// SPDX-License-Identifier: Apache-2.0
#include "oci/condition.hpp"

#include <algorithm>
#include <array>

#include "base/quote.hpp"
#include "oci/summary.hpp"

namespace latchfile::oci {
namespace {

constexpr std::string_view annotation_prefix = "annotations.";
constexpr std::array<std::string_view, 5> statuses = {"creating", "created", "running", "paused",
                                                      "stopped"};

std::unexpected<Error> refused(std::string why) {
  return std::unexpected(Error{Errc::invalid_argument, 0, std::move(why)});
}

}  // namespace

Result<Condition> Condition::parse(std::string_view text) {
  if (text == "exists") return Condition(Field::exists, {}, {});
  if (text == "deleted") return Condition(Field::deleted, {}, {});
  const auto equals = text.find('=');
  const auto field = text.substr(0, equals);
  const bool is_annotation =
      field.starts_with(annotation_prefix) && field.size() > annotation_prefix.size();
  if (equals == text.npos || (field != "status" && !is_annotation)) {
    return refused(in_quotes(text) +
                   " cannot be waited for: it is exists, deleted, status=STATUS or "
                   "annotations.KEY=VALUE");
  }
  const std::string value(text.substr(equals + 1));
  if (is_annotation) {
    return Condition(Field::annotation, std::string(field.substr(annotation_prefix.size())), value);
  }
  if (std::ranges::find(statuses, value) == statuses.end()) {
    return refused(in_quotes(value) +
                   " is no status: it is creating, created, running, paused or stopped");
  }
  return Condition(Field::status, {}, value);
}

Result<bool> Condition::holds(const Seen& now) const {
  if (field_ == Field::exists) return now.state.has_value();
  if (field_ == Field::deleted) return !now.state;
  if (!now.state) return std::unexpected(Error{Errc::not_found, 0, "there is no such container"});
  if (*now.state) return value_in(now) == value_;
  const auto& unreadable = now.state->error();
  // A writer is at it, who may write what is waited for.
  if (unreadable.code == Errc::locked || unreadable.code == Errc::timed_out) return false;
  return std::unexpected(unreadable);
}

std::optional<std::string> Condition::value_in(const Seen& now) const {
  if (field_ == Field::status) return now.status;
  const auto annotations = summarize((*now.state)->document).annotations;
  const auto found = std::ranges::find(annotations, key_, &Annotations::value_type::first);
  if (found == annotations.end()) return std::nullopt;
  return found->second;
}

std::string Condition::describe(const Seen& now) const {
  if (!now.state) return "there is no such container";
  if (is_of_absent()) return "it is there";
  if (!*now.state) return now.state->error().message();
  const auto name = field_ == Field::status ? "status" : "annotation " + in_quotes(key_);
  const auto value = value_in(now);
  return value ? name + " is " + in_quotes(*value) : "it has no " + name;
}

}  // namespace latchfile::oci
