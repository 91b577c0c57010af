// SPDX-License-Identifier: Apache-2.0
#include "etcd/requests.hpp"

#include "etcd/base64.hpp"

namespace latchfile::request {
namespace {

void separate(std::string& list) {
  if (!list.empty()) list += ',';
}

/// `"name":"base64 of bytes"`
void append_bytes(std::string& out, std::string_view name, std::string_view bytes) {
  out.append("\"").append(name).append("\":\"");
  base64::append_to(out, bytes);
  out += '"';
}

/// `"name":"number"`
void append_number(std::string& out, std::string_view name, std::int64_t number) {
  out.append("\"").append(name).append("\":\"").append(std::to_string(number)).append("\"");
}

void append_compare(std::string& list, std::string_view key, std::string_view target,
                    std::string_view result, std::string_view member, std::int64_t revision) {
  separate(list);
  list += '{';
  append_bytes(list, "key", key);
  list.append(R"(,"target":")").append(target).append(R"(","result":")").append(result);
  list += "\",";
  append_number(list, member, revision);
  list += '}';
}

void append_get(std::string& list, std::string_view key) {
  separate(list);
  list += R"({"request_range":{)";
  append_bytes(list, "key", key);
  list += "}}";
}

}  // namespace

Txn& Txn::if_created_at(std::string_view key, std::int64_t revision) {
  append_compare(compare_, key, "CREATE", "EQUAL", "create_revision", revision);
  return *this;
}

Txn& Txn::if_modified_at(std::string_view key, std::int64_t revision) {
  append_compare(compare_, key, "MOD", "EQUAL", "mod_revision", revision);
  return *this;
}

Txn& Txn::if_present(std::string_view key) {
  append_compare(compare_, key, "CREATE", "GREATER", "create_revision", 0);
  return *this;
}

Txn& Txn::then_get(std::string_view key) {
  append_get(success_, key);
  return *this;
}

Txn& Txn::else_get(std::string_view key) {
  append_get(failure_, key);
  return *this;
}

Txn& Txn::then_put(std::string_view key, std::string_view value) {
  return then_put_until(key, value, 0);
}

Txn& Txn::then_put_until(std::string_view key, std::string_view value, std::int64_t lease) {
  separate(success_);
  success_ += R"({"request_put":{)";
  append_bytes(success_, "key", key);
  success_ += ',';
  append_bytes(success_, "value", value);
  if (lease != 0) {
    success_ += ',';
    append_number(success_, "lease", lease);
  }
  success_ += "}}";
  return *this;
}

Txn& Txn::then_delete(std::string_view key) {
  separate(success_);
  success_ += R"({"request_delete_range":{)";
  append_bytes(success_, "key", key);
  success_ += "}}";
  return *this;
}

std::string Txn::body() const {
  std::string body;
  body.reserve(compare_.size() + success_.size() + failure_.size() + 64);
  return body.append(R"({"compare":[)")
      .append(compare_)
      .append(R"(],"success":[)")
      .append(success_)
      .append(R"(],"failure":[)")
      .append(failure_)
      .append("]}");
}

std::string range(const Range& range) {
  std::string body = "{";
  append_bytes(body, "key", range.key);
  if (!range.end.empty()) {
    body += ',';
    append_bytes(body, "range_end", range.end);
  }
  if (range.limit != 0) {
    body += ',';
    append_number(body, "limit", range.limit);
  }
  if (range.revision != 0) {
    body += ',';
    append_number(body, "revision", range.revision);
  }
  if (range.keys_only) body += R"(,"keys_only":true)";
  return body += '}';
}

std::string grant(std::int64_t ttl_seconds) {
  std::string body = "{";
  append_number(body, "TTL", ttl_seconds);
  return body += '}';
}

std::string keepalive(std::span<const std::int64_t> leases) {
  std::string body;
  for (const auto lease : leases) {
    body += '{';
    append_number(body, "ID", lease);
    body += "}\n";
  }
  return body;
}

std::string revoke(std::int64_t lease) {
  std::string body = "{";
  append_number(body, "ID", lease);
  return body += '}';
}

std::string watch(std::string_view key, std::string_view end, std::int64_t revision) {
  std::string body = R"({"create_request":{)";
  append_bytes(body, "key", key);
  if (!end.empty()) {
    body += ',';
    append_bytes(body, "range_end", end);
  }
  body += ',';
  append_number(body, "start_revision", revision);
  return body += R"(,"fragment":true,"progress_notify":true}})";
}

std::string authenticate(std::string_view user, std::string_view password) {
  return R"({"name":)" + in_json(user) + R"(,"password":)" + in_json(password) + "}";
}

std::string in_json(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (byte < 0x20) {
      out.append("\\u00").append(1, hex[byte >> 4]).append(1, hex[byte & 15]);
    } else {
      out += c;
    }
  }
  return out += '"';
}

}  // namespace latchfile::request
