// SPDX-License-Identifier: Apache-2.0
//
// What everything of one store in etcd works with; kept alive by whoever uses it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "etcd/gateway.hpp"
#include "etcd/keys.hpp"
#include "latchfile/container_id.hpp"

namespace latchfile {

struct EtcdSite {
  std::string root;  ///< the URL, for messages
  Keys keys;
  std::chrono::seconds ttl;
  std::shared_ptr<Gateway> gateway;

  [[nodiscard]] Kernel& kernel() const { return gateway->kernel(); }
};

/// Both keys of an id as they were at one moment.
struct View {
  std::optional<answer::KeyValue> state;
  std::optional<answer::KeyValue> lock;
  std::int64_t revision = 0;
};

/// Of a transaction that gets the state and then the lock.
[[nodiscard]] inline View view_of(answer::Txn& txn) {
  View view{{}, {}, txn.revision};
  const auto take = [&](std::size_t i, std::optional<answer::KeyValue>& into) {
    if (i < txn.found.size() && !txn.found[i].empty()) into = std::move(txn.found[i].front());
  };
  take(0, view.state);
  take(1, view.lock);
  return view;
}

[[nodiscard]] Called<View> look_at(const EtcdSite& site, const ContainerId& id);

[[nodiscard]] Error in_operation(std::string_view operation, const ContainerId& id, Error error);
[[nodiscard]] Error no_such_container(std::string_view operation, const ContainerId& id,
                                      const EtcdSite& site);

}  // namespace latchfile
