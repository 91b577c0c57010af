// SPDX-License-Identifier: Apache-2.0
#include "latchfile/etcd.hpp"

#include <algorithm>

#include "base/quote.hpp"
#include "etcd/curl_transport.hpp"
#include "etcd/etcd_backend.hpp"
#include "etcd/open_site.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile {
namespace {

constexpr std::chrono::seconds longest_ttl = std::chrono::hours(1);

Result<> check(const EtcdOptions& options) {
  const auto refused = [](std::string why) {
    return std::unexpected(Error{Errc::invalid_argument, 0, std::move(why)});
  };
  if (options.ttl < std::chrono::seconds(1) || options.ttl > longest_ttl) {
    return refused("the time to live must be 1 to " + std::to_string(longest_ttl.count()) + " s");
  }
  if (options.patience <= std::chrono::milliseconds::zero() || options.patience > longest_ttl) {
    return refused("the time to wait for an answer of etcd must be more than 0 and at most " +
                   std::to_string(longest_ttl.count()) + " s");
  }
  if (options.cert_file.empty() != options.key_file.empty()) {
    return refused("a certificate for etcd needs its key, and a key its certificate: give both");
  }
  if (options.user.empty() != options.password.empty()) {
    return refused("a user of etcd needs a password, and a password its user: give both");
  }
  const bool wants_tls = !options.ca_file.empty() || !options.cert_file.empty();
  if (options.insecure_transport && wants_tls) {
    return refused("certificates are of no use with insecure transport: leave one of them out");
  }
  for (const auto* text : {&options.ca_file, &options.cert_file, &options.key_file, &options.user,
                           &options.password}) {
    if (text->contains('\0')) return refused("an option for etcd has a NUL in it");
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const EtcdSite>> open_site(std::string_view url, EtcdOptions options) {
  auto address = parse_address(url);
  if (!address) return std::unexpected(std::move(address.error()));
  if (auto checked = check(options); !checked) {
    return std::unexpected(std::move(checked.error()));
  }
  const bool wants_tls = !options.ca_file.empty() || !options.cert_file.empty();
  const bool is_local = std::ranges::all_of(address->endpoints, &Endpoint::is_local);
  Tls tls{.on = wants_tls || (!is_local && !options.insecure_transport),
          .ca_file = std::move(options.ca_file),
          .cert_file = std::move(options.cert_file),
          .key_file = std::move(options.key_file)};
  std::vector<std::string> names;
  for (const auto& endpoint : address->endpoints)
    names.push_back(endpoint.text());
  auto& kernel = real_kernel();
  auto transport =
      std::make_unique<CurlTransport>(kernel, std::move(address->endpoints), std::move(tls));
  auto gateway = std::make_shared<Gateway>(
      kernel, std::move(transport), std::move(names),
      Login{std::move(options.user), std::move(options.password), address->prefix},
      Gateway::Timing{.overall = options.patience});
  return std::make_shared<const EtcdSite>(EtcdSite{
      std::move(address->url), Keys(std::move(address->prefix)), options.ttl, std::move(gateway)});
}

Result<Store> open_etcd(std::string_view url, EtcdOptions options) {
  auto site = open_site(url, std::move(options));
  if (!site) return std::unexpected(std::move(site.error()));
  return Store(std::make_shared<const EtcdBackend>(std::move(*site)));
}

}  // namespace latchfile
