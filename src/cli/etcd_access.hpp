// SPDX-License-Identifier: Apache-2.0
//
// What the commands do with etcd. Only latchfile-etcd can; latchfile becomes it for each of these.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "etcd/mirrored_host.hpp"
#include "latchfile/store.hpp"

namespace latchfile::cli {

struct GlobalOptions;
struct Session;

struct MirrorArguments {
  std::string to;
  std::optional<std::string> host;
  std::optional<double> ttl_seconds;
};

/// A store, and the machine whose root it is a mirror of, if it is one.
struct Source {
  Store store;
  std::optional<MirroredHost> host = {};
};

class EtcdAccess {
 public:
  EtcdAccess() = default;
  EtcdAccess(const EtcdAccess&) = delete;
  EtcdAccess& operator=(const EtcdAccess&) = delete;
  virtual ~EtcdAccess() = default;

  [[nodiscard]] virtual Result<Store> open(const std::string& root, const GlobalOptions&) = 0;
  /// The machine whose root is mirrored where open() has opened, if one is.
  [[nodiscard]] virtual Result<std::optional<MirroredHost>> host() = 0;
  /// All machines whose roots are mirrored below that, sorted by name.
  [[nodiscard]] virtual Result<std::vector<Source>> hosts_below() = 0;
  /// Mirrors the store of the session until it is told to end. The value is the exit code.
  [[nodiscard]] virtual Result<int> mirror(Session& session, const MirrorArguments&) = 0;
};

}  // namespace latchfile::cli
