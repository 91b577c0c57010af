// SPDX-License-Identifier: Apache-2.0
#include "cli/fields.hpp"

#include <algorithm>
#include <array>

#include "base/quote.hpp"
#include "base/timestamp.hpp"
#include "cli/table.hpp"

namespace latchfile::cli {
namespace {

constexpr std::string_view annotation_prefix = "annotations.";

std::unexpected<Error> wrong(std::string what) {
  return std::unexpected(Error{Errc::invalid_argument, 0, std::move(what)});
}

std::string text_of_annotation(const oci::Annotations& annotations, const std::string& name) {
  const auto found = std::ranges::find(annotations, name, &oci::Annotations::value_type::first);
  return found == annotations.end() ? std::string() : found->second;
}

/// What cannot be read as a moment comes first.
bool earlier(const std::string& a, const std::string& b) {
  const auto moment_a = parse_timestamp(a);
  const auto moment_b = parse_timestamp(b);
  if (!moment_a && !moment_b) return a < b;
  return moment_a < moment_b;
}

}  // namespace

pid_t pid_of(const Listed& entry) {
  return entry.summary.process ? entry.summary.process->pid() : 0;
}

Result<Field> Field::parse(std::string_view name) {
  using enum Kind;
  constexpr auto kinds = std::to_array<std::pair<std::string_view, Kind>>({
      {"id", id},
      {"pid", pid},
      {"status", status},
      {"bundle", bundle},
      {"created", created},
      {"owner", owner},
      {"sandbox", sandbox},
      {"host", host},
  });
  for (const auto& [known, kind] : kinds) {
    if (name == known) return Field(kind, {});
  }
  if (name.starts_with(annotation_prefix) && name.size() > annotation_prefix.size()) {
    return Field(annotation, std::string(name.substr(annotation_prefix.size())));
  }
  auto message = "there is no field " + in_quotes(name) + ", but there are ";
  for (const auto& [known, kind] : kinds)
    message.append(known).append(", ");
  message.replace(message.size() - 2, 2, " and ");
  return wrong(std::move(message.append(annotation_prefix).append("NAME")));
}

std::string Field::text_of(const Listed& entry) const {
  switch (kind_) {
    case Kind::id: return std::string(entry.id.text());
    case Kind::pid: return std::to_string(pid_of(entry));
    case Kind::status: return entry.summary.status;
    case Kind::bundle: return entry.summary.bundle;
    case Kind::created: return entry.summary.created;
    case Kind::owner: return entry.summary.owner;
    case Kind::sandbox: return std::string(entry.id.sandbox());
    case Kind::host: return entry.host == nullptr ? std::string() : entry.host->name;
    case Kind::annotation: return text_of_annotation(entry.summary.annotations, annotation_);
  }
  return {};
}

bool Field::less(const Listed& a, const Listed& b) const {
  if (kind_ == Kind::pid) return pid_of(a) < pid_of(b);
  if (kind_ == Kind::created) return earlier(a.summary.created, b.summary.created);
  return text_of(a) < text_of(b);
}

Result<Filter> Filter::parse(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == text.npos) {
    return wrong("filter " + in_quotes(text) + ": it is no FIELD=VALUE, such as status=running");
  }
  auto field = Field::parse(text.substr(0, equals));
  if (!field) return wrong("filter " + in_quotes(text) + ": " + field.error().context);
  return Filter(std::move(*field), std::string(text.substr(equals + 1)));
}

bool Filter::matches(const Listed& entry) const { return field_.text_of(entry) == value_; }

Result<Template> Template::parse(std::string_view text) {
  const auto wrong_here = [&](const std::string& why) {
    return wrong("format " + in_quotes(text) + ": " + why);
  };
  std::vector<Piece> pieces;
  std::string literal;
  bool names_a_field = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char brace = text[at];
    if (brace != '{' && brace != '}') {
      literal += brace;
      continue;
    }
    if (text.substr(at + 1).starts_with(brace)) {
      literal += brace;
      ++at;
      continue;
    }
    const auto end = brace == '{' ? text.find('}', at) : text.npos;
    if (end == text.npos) {
      return wrong_here(std::string("a '") + brace + "' stands alone; write it twice to have it");
    }
    auto field = Field::parse(text.substr(at + 1, end - at - 1));
    if (!field) return wrong_here(field.error().context);
    pieces.emplace_back(std::exchange(literal, {}));
    pieces.emplace_back(std::move(*field));
    names_a_field = true;
    at = end;
  }
  if (!names_a_field) {
    return wrong_here("it is neither table nor json, nor does it have a field, as '{id}' does");
  }
  pieces.emplace_back(std::move(literal));
  return Template(std::move(pieces));
}

std::string Template::line_of(const Listed& entry) const {
  std::string line;
  for (const auto& piece : pieces_) {
    if (const auto* field = std::get_if<Field>(&piece)) {
      line += shown(field->text_of(entry));
    } else {
      line += std::get<std::string>(piece);
    }
  }
  return line;
}

Result<Order> Order::parse(std::string_view text) {
  const bool descending = text.starts_with('-');
  auto field = Field::parse(text.substr(descending ? 1 : 0));
  if (!field) return wrong("sort by " + in_quotes(text) + ": " + field.error().context);
  return Order(std::move(*field), descending);
}

void Order::sort(std::vector<Listed>& entries) const {
  std::ranges::sort(entries, [&](const Listed& a, const Listed& b) {
    if (field_.less(a, b)) return !descending_;
    if (field_.less(b, a)) return descending_;
    if (a.id != b.id) return a.id < b.id;
    return a.host != nullptr && b.host != nullptr && a.host->name < b.host->name;
  });
}

}  // namespace latchfile::cli
