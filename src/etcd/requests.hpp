// SPDX-License-Identifier: Apache-2.0
//
// The bodies of all requests to etcd's gateway, and nowhere else: it ignores members that it does
// not know, so that a misspelled `compare` would be a write without a condition.
//
// Keys and values are base64, and 64-bit numbers are strings.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace latchfile::request {

namespace path {
inline constexpr std::string_view range = "/v3/kv/range";
inline constexpr std::string_view txn = "/v3/kv/txn";
inline constexpr std::string_view grant = "/v3/lease/grant";
inline constexpr std::string_view keepalive = "/v3/lease/keepalive";
inline constexpr std::string_view revoke = "/v3/lease/revoke";
inline constexpr std::string_view watch = "/v3/watch";
inline constexpr std::string_view authenticate = "/v3/auth/authenticate";
}  // namespace path

/// What happens if all conditions hold, and what else, at one moment.
class Txn {
 public:
  // Conditions. Revisions are those of the whole of etcd; 0 is that of a key that is not there.
  Txn& if_created_at(std::string_view key, std::int64_t revision);
  Txn& if_modified_at(std::string_view key, std::int64_t revision);
  Txn& if_absent(std::string_view key) { return if_created_at(key, 0); }
  Txn& if_present(std::string_view key);

  Txn& then_get(std::string_view key);
  Txn& then_put(std::string_view key, std::string_view value);
  Txn& then_put_until(std::string_view key, std::string_view value, std::int64_t lease);
  Txn& then_delete(std::string_view key);
  Txn& else_get(std::string_view key);

  [[nodiscard]] std::string body() const;

 private:
  std::string compare_;
  std::string success_;
  std::string failure_;
};

/// `end` empty: the one key. `limit` and `revision` 0: no limit, and as it is now.
struct Range {
  std::string_view key;
  std::string_view end = {};
  std::int64_t limit = 0;
  std::int64_t revision = 0;
  bool keys_only = false;
};
[[nodiscard]] std::string range(const Range& range);

[[nodiscard]] std::string grant(std::int64_t ttl_seconds);
/// One body for all of them.
[[nodiscard]] std::string keepalive(std::span<const std::int64_t> leases);
[[nodiscard]] std::string revoke(std::int64_t lease);
/// Of `key`, or of all from it up to `end`, from that revision on.
[[nodiscard]] std::string watch(std::string_view key, std::string_view end, std::int64_t revision);
[[nodiscard]] std::string authenticate(std::string_view user, std::string_view password);

/// `text`, which is UTF-8, as a string of JSON.
[[nodiscard]] std::string in_json(std::string_view text);

}  // namespace latchfile::request
