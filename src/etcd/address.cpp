// SPDX-License-Identifier: Apache-2.0
#include "etcd/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <sys/un.h>

#include "base/id_text.hpp"
#include "base/quote.hpp"

namespace latchfile {
namespace {

constexpr std::string_view encoded_slash = "%2F";
/// Keys have it at their beginning, and messages show it.
constexpr std::size_t longest_prefix = 1024;
/// With the NUL behind it, as the kernel wants it.
constexpr std::size_t longest_socket_path = sizeof(sockaddr_un::sun_path) - 1;

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port > 0 && port < 65536;
}

bool is_host_character(char c) { return id_text::is_character(c) && c != '+'; }

template <class Address>
bool is_address(int family, std::string_view text, Address& into) {
  return !text.contains('\0') && inet_pton(family, std::string(text).c_str(), &into) == 1;
}

/// With the interface behind it, if the address is one of a single link.
bool is_ipv6(std::string_view text) {
  in6_addr address;
  const auto percent = std::min(text.find('%'), text.size());
  const auto zone = text.substr(percent);
  return is_address(AF_INET6, text.substr(0, percent), address) &&
         (zone.empty() || id_text::is_part(zone.substr(1)));
}

/// A name, an IPv4 address, or an IPv6 address in brackets.
bool is_host(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) return is_ipv6(text.substr(1, text.size() - 2));
  return !text.empty() && std::ranges::all_of(text, is_host_character);
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto malformed = [&](std::string_view why) {
    return std::unexpected(Error{Errc::invalid_argument, 0,
                                 "endpoint " + in_quotes(text) + " of etcd " + std::string(why)});
  };
  // Before anything of it is repeated in a message.
  if (text.contains('@')) {
    return std::unexpected(Error{Errc::invalid_argument, 0,
                                 "an endpoint of etcd has an '@': user and password do not belong "
                                 "in an address that everyone can see"});
  }
  if (text.starts_with(encoded_slash)) {
    std::string path;
    for (std::size_t at = 0; at < text.size();) {
      const bool slash = text.substr(at).starts_with(encoded_slash);
      path += slash ? '/' : text[at];
      at += slash ? encoded_slash.size() : 1;
    }
    if (path.contains('%') || std::ranges::any_of(path, is_control)) {
      return malformed("is no path of a socket: only %2F may be encoded in it");
    }
    if (path.size() > longest_socket_path) {
      return malformed("is longer than the " + std::to_string(longest_socket_path) +
                       " bytes that the path of a socket may have");
    }
    return Endpoint{"localhost", std::move(path)};
  }
  const auto colon = text.rfind(':');
  if (colon == text.npos || !is_port(text.substr(colon + 1)) || !is_host(text.substr(0, colon))) {
    return malformed("is not HOST:PORT, such as 10.0.0.7:2379 or [fd00::7]:2379");
  }
  return Endpoint{std::string(text), {}};
}

/// Parts like those of an id, each behind a slash.
bool is_prefix(std::string_view text) {
  while (!text.empty()) {
    if (text.front() != '/') return false;
    const auto end = std::min(text.find('/', 1), text.size());
    if (!id_text::is_part(text.substr(1, end - 1))) return false;
    text.remove_prefix(end);
  }
  return true;
}

}  // namespace

bool Endpoint::is_local() const {
  if (!unix_path.empty()) return true;
  const auto host = std::string_view(host_and_port).substr(0, host_and_port.rfind(':'));
  in_addr address;
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && is_address(AF_INET, host, address));
}

Result<Address> parse_address(std::string_view url) {
  if (!url.starts_with(etcd_scheme)) {
    return std::unexpected(
        Error{Errc::invalid_argument, 0,
              in_quotes(url) + " is not etcd://HOST:PORT[,HOST:PORT...]/PREFIX"});
  }
  auto rest = url.substr(etcd_scheme.size());
  const auto slash = std::min(rest.find('/'), rest.size());
  auto prefix = rest.substr(slash);
  rest = rest.substr(0, slash);
  Address address{{}, {}, std::string(url)};
  for (;;) {
    const auto comma = std::min(rest.find(','), rest.size());
    auto endpoint = parse_endpoint(rest.substr(0, comma));
    if (!endpoint) return std::unexpected(std::move(endpoint.error()));
    if (std::ranges::find(address.endpoints, endpoint->text(), &Endpoint::text) !=
        address.endpoints.end()) {
      return std::unexpected(
          Error{Errc::invalid_argument, 0,
                "endpoint " + in_quotes(endpoint->text()) + " of etcd is named twice"});
    }
    address.endpoints.push_back(std::move(*endpoint));
    if (comma == rest.size()) break;
    rest.remove_prefix(comma + 1);
  }
  while (prefix.ends_with('/'))
    prefix.remove_suffix(1);
  const auto refused = [&](std::string_view why) {
    return std::unexpected(Error{Errc::invalid_argument, 0, in_quotes(url).append(why)});
  };
  constexpr std::string_view characters = "of A-Z a-z 0-9 _ + . - and slashes";
  if (prefix.empty()) {
    return refused(
        std::string(" names no prefix: put one behind the endpoints, such as /latchfile, ")
            .append(characters));
  }
  if (!is_prefix(prefix)) {
    return refused(std::string(" has the prefix ")
                       .append(in_quotes(prefix))
                       .append(": give one ")
                       .append(characters)
                       .append(", no two of them together"));
  }
  if (prefix.size() > longest_prefix) {
    return refused(" has a prefix of more than " + std::to_string(longest_prefix) + " bytes");
  }
  address.prefix = prefix;
  return address;
}

}  // namespace latchfile
