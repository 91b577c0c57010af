// SPDX-License-Identifier: Apache-2.0
#include "support/container_document.hpp"

#include <array>

#include "peer.hpp"

namespace latchfile::bench {
namespace {

/// `item` for each of `count` numbers, in brackets.
template <class Item>
std::string array_of(int count, Item item) {
  std::string out = "[";
  for (int i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    out += item(i);
  }
  return out + "]";
}

/// How many of each thing a spec has.
struct Amounts {
  int variables;
  int mounts;
  int annotations;
  int paths;
};

Amounts amounts_of(Size size) {
  return size == Size::kb2 ? Amounts{.variables = 3, .mounts = 2, .annotations = 2, .paths = 2}
                           : Amounts{.variables = 20, .mounts = 16, .annotations = 14, .paths = 12};
}

std::string process(int variables) {
  constexpr std::array capabilities = {"CAP_AUDIT_WRITE", "CAP_CHOWN",  "CAP_DAC_OVERRIDE",
                                       "CAP_FOWNER",      "CAP_KILL",   "CAP_NET_BIND_SERVICE",
                                       "CAP_SETGID",      "CAP_SETUID", "CAP_SYS_CHROOT"};
  const auto set = array_of(capabilities.size(), [&](int i) {
    return std::string("\"") + capabilities[static_cast<std::size_t>(i)] + "\"";
  });
  const auto env = array_of(variables, [](int i) {
    return "\"VARIABLE_" + std::to_string(i) + "=/usr/local/share/value/" + std::to_string(i) +
           "\"";
  });
  return R"({"user":{"uid":1000,"gid":1000},"args":["/usr/bin/server","--listen","0.0.0.0:8080"],)"
         R"("cwd":"/","env":)" +
         env + R"(,"capabilities":{"bounding":)" + set + R"(,"effective":)" + set +
         R"(,"permitted":)" + set +
         R"(},"rlimits":[{"type":"RLIMIT_NOFILE","hard":1024,"soft":1024}],)"
         R"("noNewPrivileges":true})";
}

std::string spec(const Amounts& amounts) {
  const auto mounts = array_of(amounts.mounts, [](int i) {
    const auto n = std::to_string(i);
    return R"({"destination":"/srv/data/)" + n + R"(","type":"bind","source":"/var/lib/volumes/)" +
           n + R"(/_data","options":["rbind","nosuid","noexec","nodev","rprivate"]})";
  });
  const auto paths = array_of(
      amounts.paths, [](int i) { return R"("/proc/sys/masked/path/)" + std::to_string(i) + "\""; });
  const auto annotations = [&] {
    std::string out;
    for (int i = 0; i < amounts.annotations; ++i) {
      const auto n = std::to_string(i);
      if (i > 0) out += ',';
      out += "\"io.example.annotation." + n + R"(":"a value of usual length, number )" + n + "\"";
    }
    return "{" + out + "}";
  }();
  return R"({"ociVersion":"1.0.2-dev","process":)" + process(amounts.variables) +
         R"(,"root":{"path":"/srv/bundles/web/rootfs","readonly":true},"hostname":"web","mounts":)" +
         mounts + R"(,"annotations":)" + annotations +
         R"(,"linux":{"cgroupsPath":"/web","namespaces":[{"type":"pid"},{"type":"network"},)"
         R"({"type":"ipc"},{"type":"uts"},{"type":"mount"}],"maskedPaths":)" +
         paths + R"(,"readonlyPaths":)" + paths + "}}";
}

}  // namespace

Document container_document(const ContainerId& id, Size size) {
  static const std::string small = spec(amounts_of(Size::kb2));
  static const std::string ordinary = spec(amounts_of(Size::kb6));
  const auto& the_spec = size == Size::kb2 ? small : ordinary;
  const std::string container(id.container());
  const std::string sandbox(id.sandbox());
  return test::document_of(
      R"({"id":")" + container + R"(","spec":)" + the_spec +
      R"(,"bundleDir":"/srv/bundles/web","createdAt":"2026-01-02T03:04:05.678901234Z","owner":"",)"
      R"("consoleSocket":"","status":"running","goferPid":27681,"sandbox":{"id":")" +
      sandbox + R"(","pid":27682},"saver":{"rootDir":"/run/runsc","id":{"sandboxId":")" + sandbox +
      R"(","containerId":")" + container + R"("}}})");
}

Store open_without_sync(const std::string& root) { return test::open_shared_with_gvisor(root); }

void fill(const Store& store, int count, Size size) {
  for (int i = 0; i < count; ++i) {
    const auto id =
        test::id_of("sandbox" + std::to_string(i / 10) + "/container" + std::to_string(i));
    require(store.create(id, Wait::never(), container_document(id, size)).has_value(), "create");
  }
}

}  // namespace latchfile::bench
