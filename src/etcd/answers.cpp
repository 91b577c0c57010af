// SPDX-License-Identifier: Apache-2.0
#include "etcd/answers.hpp"

#include <charconv>
#include <string_view>

#include <simdjson.h>

#include "etcd/base64.hpp"

namespace latchfile::answer {
namespace {

using simdjson::dom::array;
using simdjson::dom::object;

/// The object that is `text`, for as long as both live.
std::optional<object> parse(simdjson::dom::parser& parser, std::string& text) {
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  object root;
  const auto error = parser.parse(text).get(root);
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  if (error != simdjson::SUCCESS) return std::nullopt;
  return root;
}

template <class T>
std::optional<T> member(const object& in, std::string_view name) {
  T value;
  if (in[name].get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

bool is_true(const object& in, std::string_view name) {
  return member<bool>(in, name).value_or(false);
}

std::string text_of(const object& in, std::string_view name) {
  return std::string(member<std::string_view>(in, name).value_or(std::string_view()));
}

/// A number that is spelled as one or, as 64-bit numbers are here, as a string.
template <class Number = std::int64_t>
Number number_of(const object& in, std::string_view name) {
  if (const auto number = member<Number>(in, name)) return *number;
  const auto text = member<std::string_view>(in, name).value_or(std::string_view());
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

Header header_of(const object& answer) {
  const auto header = member<object>(answer, "header");
  if (!header) return {};
  return {number_of<std::uint64_t>(*header, "cluster_id"), number_of(*header, "revision")};
}

/// False if it is not base64; empty if it is not there.
bool read_bytes(const object& in, std::string_view name, std::string& into) {
  auto bytes = base64::decode(member<std::string_view>(in, name).value_or(std::string_view()));
  if (!bytes) return false;
  into = std::move(*bytes);
  return true;
}

bool read_pairs(const object& in, std::vector<KeyValue>& into) {
  const auto pairs = member<array>(in, "kvs");
  if (!pairs) return true;
  into.reserve(pairs->size());
  for (const auto each : *pairs) {
    object pair;
    if (each.get(pair) != simdjson::SUCCESS) return false;
    auto& read = into.emplace_back();
    if (!read_bytes(pair, "key", read.key) || !read_bytes(pair, "value", read.value)) return false;
    // A pair without one is not etcd's; many of them would take more memory than their answer.
    if (read.key.empty()) return false;
    read.created = number_of(pair, "create_revision");
    read.modified = number_of(pair, "mod_revision");
  }
  return true;
}

bool read_changes(const object& result, std::vector<Watched::Change>& into) {
  const auto events = member<array>(result, "events");
  if (!events) return true;
  for (const auto each : *events) {
    object event;
    if (each.get(event) != simdjson::SUCCESS) return false;
    const auto pair = member<object>(event, "kv");
    if (!pair) return false;
    auto& change = into.emplace_back(std::string(), text_of(event, "type") == "DELETE");
    if (!read_bytes(*pair, "key", change.key)) return false;
  }
  return true;
}

}  // namespace

std::optional<Range> read_range(std::string& text) {
  simdjson::dom::parser parser;
  const auto root = parse(parser, text);
  // Without a header it is not etcd's answer to this.
  if (!root || header_of(*root).revision <= 0) return std::nullopt;
  Range range{header_of(*root), {}, is_true(*root, "more")};
  if (!read_pairs(*root, range.pairs)) return std::nullopt;
  return range;
}

std::optional<Txn> read_txn(std::string& text) {
  simdjson::dom::parser parser;
  const auto root = parse(parser, text);
  if (!root || header_of(*root).revision <= 0) return std::nullopt;
  Txn txn{header_of(*root), is_true(*root, "succeeded"), {}};
  const auto responses = member<array>(*root, "responses");
  // Whatever is asked for has one at least.
  if (!responses || responses->size() == 0) return std::nullopt;
  for (const auto each : *responses) {
    object response;
    if (each.get(response) != simdjson::SUCCESS) return std::nullopt;
    auto& found = txn.found.emplace_back();
    const auto range = member<object>(response, "response_range");
    if (range && !read_pairs(*range, found)) return std::nullopt;
  }
  return txn;
}

std::optional<Lease> read_grant(std::string& text) {
  simdjson::dom::parser parser;
  const auto root = parse(parser, text);
  if (!root) return std::nullopt;
  const Lease lease{header_of(*root), number_of(*root, "ID"), number_of(*root, "TTL")};
  if (lease.id == 0 || lease.ttl_seconds <= 0) return std::nullopt;
  return lease;
}

std::optional<Keepalives> read_keepalives(std::string& text) {
  text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
  simdjson::dom::parser parser;
  simdjson::dom::document_stream lines;
  if (parser.parse_many(text).get(lines) != simdjson::SUCCESS) return std::nullopt;
  Keepalives kept;
  for (auto line : lines) {
    object root;
    if (line.get(root) != simdjson::SUCCESS) return std::nullopt;
    const auto result = member<object>(root, "result");
    if (!result) return std::nullopt;
    static_cast<Header&>(kept) = header_of(*result);
    kept.ttl_of[number_of(*result, "ID")] = number_of(*result, "TTL");
  }
  // The last line was cut off.
  if (lines.truncated_bytes() != 0) return std::nullopt;
  return kept;
}

std::optional<Header> read_any(std::string& text) {
  simdjson::dom::parser parser;
  const auto root = parse(parser, text);
  if (!root) return std::nullopt;
  return header_of(*root);
}

std::optional<Token> read_token(std::string& text) {
  simdjson::dom::parser parser;
  const auto root = parse(parser, text);
  if (!root) return std::nullopt;
  Token token{header_of(*root), text_of(*root, "token")};
  if (token.text.empty()) return std::nullopt;
  return token;
}

std::optional<Watched> read_watched(std::string& line) {
  simdjson::dom::parser parser;
  const auto root = parse(parser, line);
  if (!root) return std::nullopt;
  Watched watched;
  if (const auto error = member<object>(*root, "error")) {
    watched.failed = true;
    watched.why = text_of(*error, "message");
    return watched;
  }
  const auto result = member<object>(*root, "result");
  if (!result) return std::nullopt;
  watched.created = is_true(*result, "created");
  watched.canceled = is_true(*result, "canceled");
  watched.why = text_of(*result, "cancel_reason");
  static_cast<Header&>(watched) = header_of(*result);
  watched.compacted = number_of(*result, "compact_revision");
  if (!read_changes(*result, watched.changes)) return std::nullopt;
  return watched;
}

std::optional<Refusal> read_refusal(std::string& text) {
  simdjson::dom::parser parser;
  const auto root = parse(parser, text);
  if (!root) return std::nullopt;
  Refusal refusal{number_of(*root, "code"), text_of(*root, "message")};
  if (refusal.message.empty()) refusal.message = text_of(*root, "error");
  if (refusal.message.empty()) return std::nullopt;
  return refusal;
}

std::optional<Owner> read_owner(std::string& text) {
  simdjson::dom::parser parser;
  const auto root = parse(parser, text);
  if (!root) return std::nullopt;
  Owner owner{text_of(*root, "host"), number_of(*root, "pid"), text_of(*root, "command"),
              text_of(*root, "nonce")};
  if (owner.nonce.empty()) return std::nullopt;
  return owner;
}

std::optional<Contact> read_contact(std::string& text) {
  simdjson::dom::parser parser;
  const auto root = parse(parser, text);
  if (!root) return std::nullopt;
  Contact contact{number_of(*root, "seen"), text_of(*root, "write")};
  if (contact.write.empty()) return std::nullopt;
  return contact;
}

}  // namespace latchfile::answer
