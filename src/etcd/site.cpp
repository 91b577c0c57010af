// SPDX-License-Identifier: Apache-2.0
#include "etcd/site.hpp"

#include "etcd/requests.hpp"

namespace latchfile {

Called<View> look_at(const EtcdSite& site, const ContainerId& id) {
  const auto body =
      request::Txn().then_get(site.keys.state(id)).then_get(site.keys.lock(id)).body();
  auto txn = site.gateway->transact(body);
  if (!txn) return std::unexpected(std::move(txn.error()));
  return view_of(*txn);
}

Error in_operation(std::string_view operation, const ContainerId& id, Error error) {
  error.context =
      std::string(operation).append(" ").append(id.text()).append(": ").append(error.context);
  return error;
}

Error no_such_container(std::string_view operation, const ContainerId& id, const EtcdSite& site) {
  return in_operation(operation, id, {Errc::not_found, 0, "no such container in " + site.root});
}

}  // namespace latchfile
