// SPDX-License-Identifier: Apache-2.0
//
// An etcd of its own with a store of many containers in it.
#pragma once

#include <string>
#include <vector>

#include "latchfile/etcd.hpp"
#include "support/etcd_server.hpp"

namespace latchfile::bench {

class EtcdCrowd {
 public:
  /// Containers of 2 KB, ten to a sandbox.
  explicit EtcdCrowd(int containers);

  [[nodiscard]] int containers() const { return containers_; }
  [[nodiscard]] const test::EtcdServer& server() const { return server_; }
  [[nodiscard]] const Store& store() const { return store_; }
  /// The requests that get all keys, page by page.
  [[nodiscard]] std::vector<std::string> pages() const;

  /// Store::list, which has to have `others` besides.
  void list(int others = 0) const;

 private:
  const int containers_;
  const test::EtcdServer server_;
  const Store store_;
};

/// One of so many for all of this process, started at first use.
[[nodiscard]] const EtcdCrowd& crowd_of(int containers);

}  // namespace latchfile::bench
