// SPDX-License-Identifier: Apache-2.0
//
// What etcd, or whoever is in its place, may answer, and addresses of it: nothing that is not whole
// is taken for an answer, what is taken has what every answer has, and an address is either refused
// in one line or made of the parts that it is spelled with.
#include <algorithm>
#include <string>
#include <vector>

#include "base/id_text.hpp"
#include "base/quote.hpp"
#include "etcd/address.hpp"
#include "etcd/answers.hpp"
#include "etcd/base64.hpp"
#include "etcd/envelope.hpp"
#include "etcd/lines.hpp"
#include "etcd/refusals.hpp"
#include "etcd/requests.hpp"
#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"

namespace latchfile::fuzz {
namespace {

bool is_one_line(std::string_view text) {
  return std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

void check_address(std::string_view url) {
  const auto address = parse_address(url);
  if (!address) {
    require(address.error().code == Errc::invalid_argument, "a malformed address is so called");
    require(is_one_line(address.error().message()), "an error is one line");
    return;
  }
  std::string spelled(etcd_scheme);
  for (const auto& endpoint : address->endpoints) {
    require(is_one_line(endpoint.text()), "an endpoint is safe to print");
    require(endpoint.unix_path.empty() || endpoint.unix_path.starts_with('/'),
            "the path of a socket is absolute");
    if (&endpoint != &address->endpoints.front()) spelled += ',';
    for (const char c : endpoint.text()) {
      if (c == '/') {
        spelled += "%2F";
      } else {
        spelled += c;
      }
    }
  }
  require(std::ranges::all_of(address->prefix,
                              [](char c) { return c == '/' || id_text::is_character(c); }),
          "a prefix has no character that would have to be encoded");
  require(address->prefix.starts_with('/') && !address->prefix.ends_with('/'),
          "a prefix begins with a slash and does not end with one");
  const auto again = parse_address(spelled + address->prefix);
  require(again && again->prefix == address->prefix &&
              std::ranges::equal(again->endpoints, address->endpoints, {}, &Endpoint::text,
                                 &Endpoint::text),
          "an address is its parts");
}

void check_pairs(const std::vector<answer::KeyValue>& pairs) {
  require(std::ranges::none_of(pairs, [](const auto& pair) { return pair.key.empty(); }),
          "a pair has a key");
}

/// Each reader on any answer: a copy, since it is enlarged for the parser.
void check_answer(std::string text) {
  if (const auto range = answer::read_range(text)) {
    require(range->revision > 0, "a range is of a revision");
    check_pairs(range->pairs);
  }
  if (const auto txn = answer::read_txn(text)) {
    require(txn->revision > 0 && !txn->found.empty(), "a transaction has a revision and answers");
    std::ranges::for_each(txn->found, check_pairs);
  }
  if (const auto lease = answer::read_grant(text)) {
    require(lease->id != 0 && lease->ttl_seconds > 0, "a lease that was granted lives");
  }
  if (const auto token = answer::read_token(text)) require(!token->text.empty(), "a token");
  if (const auto refusal = answer::read_refusal(text)) {
    const Login login{.user = "me", .password = "hunter2", .prefix = "/x"};
    require(is_one_line(shown(*refusal, login)), "a refusal is shown in one line");
    require(!shown(*refusal, login).contains(login.password), "and without the password");
    if (const auto error = definite(*refusal, login)) {
      require(is_one_line(error->message()) && !error->message().contains(login.password),
              "and so is what it means");
    }
  }
  if (const auto owner = answer::read_owner(text)) require(!owner->nonce.empty(), "a nonce");
  if (const auto contact = answer::read_contact(text)) require(!contact->write.empty(), "a write");
  static_cast<void>(answer::read_keepalives(text));
  static_cast<void>(answer::read_any(text));
  static_cast<void>(answer::read_watched(text));
}

void check_base64(std::string_view text) {
  std::string encoded;
  base64::append_to(encoded, text);
  require(base64::decode(encoded) == text, "what is encoded comes back");
  const auto decoded = base64::decode(text);
  if (decoded) require(decoded->size() <= text.size() / 4 * 3, "base64 is never shorter");
}

void check_envelope(std::string_view value) {
  const auto parts = envelope::unseal(value);
  if (parts) {
    require(envelope::seal(parts->save_id, parts->document) == value,
            "an envelope is its id and its document");
  }
  const auto document = envelope::document_of(value);
  if (document) require(parts && document->bytes() == parts->document, "byte for byte");
  if (!document) require(is_one_line(document.error().message()), "an error is one line");
}

/// However a stream is cut into pieces, its lines are the same.
void check_lines(std::string_view stream) {
  std::vector<std::string> at_once;
  std::string rest(stream);
  std::size_t searched = 0;
  while (auto line = take_line(rest, searched))
    at_once.push_back(std::move(*line));
  std::vector<std::string> piece_by_piece;
  std::string pieces;
  searched = 0;
  for (const char c : stream) {
    pieces += c;
    while (auto line = take_line(pieces, searched))
      piece_by_piece.push_back(std::move(*line));
  }
  require(at_once == piece_by_piece, "a line does not depend on the pieces that it comes in");
  require(rest == pieces, "nor does what is left");
}

}  // namespace

void etcd(std::string_view input) {
  check_address(input);
  check_answer(std::string(input));
  check_base64(input);
  check_envelope(input);
  check_lines(input);
}

}  // namespace latchfile::fuzz
