// SPDX-License-Identifier: Apache-2.0
//
// What etcd's gateway answers, read from its JSON. Members of their default value are left out by
// it, `succeeded` and `kvs` among them, so that what is absent is the default here as well. A text
// that is none of the answers gives nothing: it was cut off, or somebody else wrote it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace latchfile::answer {

/// What every answer begins with.
struct Header {
  std::uint64_t cluster = 0;  ///< whose it is; 0: it does not say
  std::int64_t revision = 0;  ///< of the whole of etcd when it answered
};

struct KeyValue {
  std::string key;
  std::string value;
  std::int64_t created = 0;   ///< create_revision
  std::int64_t modified = 0;  ///< mod_revision
};

struct Range : Header {
  std::vector<KeyValue> pairs;
  bool more = false;
};

struct Txn : Header {
  bool succeeded = false;
  /// Of each operation of the branch that was taken, what it found: nothing if it is no get.
  std::vector<std::vector<KeyValue>> found;
  bool repeated = false;  ///< see Gateway::transact
};

struct Lease : Header {
  std::int64_t id = 0;
  std::int64_t ttl_seconds = 0;
};

struct Keepalives : Header {
  std::map<std::int64_t, std::int64_t> ttl_of;  ///< in seconds, of each lease; 0: it is gone
};

struct Token : Header {
  std::string text;
};

/// One line of a watch.
struct Watched : Header {
  bool created = false;
  bool canceled = false;
  bool failed = false;         ///< the stream ends with an error
  std::string why;             ///< of `canceled` and `failed`
  std::int64_t compacted = 0;  ///< the first revision that is still there, if that is the reason
  struct Change {
    std::string key;
    bool deleted;
  };
  std::vector<Change> changes;
};

/// How a request was refused.
struct Refusal {
  std::int64_t code = 0;  ///< of gRPC
  std::string message;
};

// A text is a reference because its capacity is enlarged for the parser.
[[nodiscard]] std::optional<Range> read_range(std::string& text);
[[nodiscard]] std::optional<Txn> read_txn(std::string& text);
[[nodiscard]] std::optional<Lease> read_grant(std::string& text);
/// Each line, one for each lease of the request, in any order.
[[nodiscard]] std::optional<Keepalives> read_keepalives(std::string& text);
/// An object, of which nothing else is of interest.
[[nodiscard]] std::optional<Header> read_any(std::string& text);
[[nodiscard]] std::optional<Token> read_token(std::string& text);
[[nodiscard]] std::optional<Watched> read_watched(std::string& line);
[[nodiscard]] std::optional<Refusal> read_refusal(std::string& text);

/// Who holds a lock: the value of its key.
struct Owner {
  std::string host;
  std::int64_t pid = 0;
  std::string command;
  std::string nonce;
};
[[nodiscard]] std::optional<Owner> read_owner(std::string& text);

/// When a machine was last heard of: see contact.hpp.
struct Contact {
  std::int64_t seen = 0;
  std::string write;
};
[[nodiscard]] std::optional<Contact> read_contact(std::string& text);

}  // namespace latchfile::answer
