// SPDX-License-Identifier: Apache-2.0
#include "etcd/refusals.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/quote.hpp"
#include "etcd/gateway.hpp"

namespace latchfile {
namespace {

// Codes of gRPC, which the gateway puts into its errors.
constexpr std::int64_t invalid_argument = 3;
constexpr std::int64_t not_found = CallFailure::absent;
constexpr std::int64_t permission_denied = 7;
constexpr std::int64_t resource_exhausted = 8;
constexpr std::int64_t out_of_range = CallFailure::compacted;
constexpr std::int64_t unauthenticated = 16;

std::string named(const Login& login) {
  return login.user.empty() ? "this client" : "the user " + in_quotes(login.user);
}

}  // namespace

bool is_about_token(const answer::Refusal& refusal) {
  return refusal.code == unauthenticated || is_about_token(refusal.message);
}

bool is_about_token(std::string_view message) {
  return message.contains("invalid auth token") ||
         message.contains("revision of auth store is old");
}

std::string shown(const answer::Refusal& refusal, const Login& login) {
  if (!login.password.empty() && refusal.message.contains(login.password)) {
    return "(it repeats the password)";
  }
  return one_line(refusal.message);
}

Error denied(std::string_view message, const Login& login) {
  return {Errc::io, 0,
          named(login) + " may not do that; grant it read and write on the keys of " +
              login.prefix + "/: " + one_line(message)};
}

std::optional<Error> definite(const answer::Refusal& refusal, const Login& login) {
  const auto says = [&](std::string_view text) { return refusal.message.contains(text); };
  const auto words = shown(refusal, login);
  switch (refusal.code) {
    case invalid_argument:
      if (says("too large")) {
        return Error{Errc::too_large, 0,
                     "the document is larger than this etcd takes (--max-request-bytes): " + words};
      }
      if (says("authentication failed")) {
        return Error{Errc::io, 0, "user or password is wrong, of " + named(login) + ": " + words};
      }
      if (says("user name is empty")) {
        return Error{Errc::io, 0, "it wants a user and a password: " + words};
      }
      return Error{Errc::io, 0, words};
    case permission_denied: return denied(words, login);
    case resource_exhausted:
      if (says("space exceeded")) {
        return Error{
            Errc::io, ENOSPC,
            "its database is full; compact and defragment it, and disarm the alarm: " + words};
      }
      if (says("larger than max")) {
        return Error{Errc::too_large, 0, "the document is larger than this etcd takes: " + words};
      }
      return std::nullopt;  // too many requests just now
    case not_found:
    case out_of_range: return Error{Errc::io, 0, words};
    default: return std::nullopt;
  }
}

Error not_of_etcd(long status, std::string_view body) {
  if (status == 413) {
    return {Errc::too_large, 0,
            "HTTP status 413: what lies before etcd passes on no such document"};
  }
  // Other 4xx may be said of a request that was passed on, or of one that is welcome later.
  constexpr std::array for_good = {400L, 401L, 403L, 404L, 405L, 407L, 421L};
  const bool is_final =
      (status >= 300 && status < 400) || std::ranges::find(for_good, status) != for_good.end();
  // As programs in Go say it, etcd among them.
  const auto* why =
      body.contains("HTTP request to an HTTPS server")
          ? ": it wants TLS (--cacert)"
          : " and no word of etcd: is that the client port of an etcd with its JSON gateway?";
  return {is_final ? Errc::io : Errc::unavailable, 0,
          "HTTP status " + std::to_string(status) + why};
}

}  // namespace latchfile
