// SPDX-License-Identifier: Apache-2.0
#include "etcd/mirrored_host.hpp"

#include <algorithm>

#include "base/id_text.hpp"
#include "etcd/contact.hpp"
#include "etcd/requests.hpp"
#include "etcd/site.hpp"

namespace latchfile {

EtcdSite site_of(const EtcdSite& site, std::string_view name) {
  const auto below = [&](std::string path) {
    while (path.ends_with('/'))
      path.pop_back();
    return path.append("/").append(name);
  };
  return {below(site.root), Keys(below(site.keys.prefix())), site.ttl, site.gateway};
}

Result<std::optional<MirroredHost>> mirrored_at(const EtcdSite& site) {
  const auto body = request::Txn().then_get(site.keys.contact()).then_get(site.keys.alive()).body();
  auto txn = site.gateway->transact(body);
  if (!txn) return std::unexpected(std::move(txn.error().error));
  auto view = view_of(*txn);
  if (!view.state) return std::optional<MirroredHost>();
  const auto& prefix = site.keys.prefix();
  MirroredHost host{prefix.substr(prefix.rfind('/') + 1), view.lock.has_value(), {}};
  if (const auto last = contact::read(std::move(view.state->value))) host.last_contact = last->seen;
  return std::optional(std::move(host));
}

Result<std::vector<MirroredHost>> mirrored_below(const EtcdSite& site) {
  const auto folder = site.keys.prefix() + "/";
  const auto end = Keys::end_of(folder);
  std::vector<MirroredHost> hosts;
  // The first key of each is looked for and all others of it are passed over: an index of them
  // would have to be written by all machines, which so need no rights but on their own prefix.
  for (auto from = folder;;) {
    const auto range =
        site.gateway->call(request::path::range,
                           request::range({.key = from, .end = end, .limit = 1, .keys_only = true}),
                           answer::read_range);
    if (!range) return std::unexpected(range.error().error);
    if (range->pairs.empty()) break;
    const auto& key = range->pairs.front().key;
    const auto slash = key.find('/', folder.size());
    if (slash == key.npos) {
      from = key + '\0';
      continue;
    }
    const auto name = key.substr(folder.size(), slash - folder.size());
    from = Keys::end_of(key.substr(0, slash + 1));
    if (!id_text::is_part(name)) continue;
    auto host = mirrored_at(site_of(site, name));
    if (!host) return std::unexpected(std::move(host.error()));
    if (*host) hosts.push_back(std::move(**host));
  }
  std::ranges::sort(hosts, {}, &MirroredHost::name);
  return hosts;
}

}  // namespace latchfile
