// SPDX-License-Identifier: Apache-2.0
//
// A program of somebody else that opens a store in etcd where there is none, and says so if that is
// not what it is told.
#include <cstdio>
#include <string>

#include <latchfile/etcd.hpp>
#include <latchfile/store.hpp>

int main() {
  using namespace latchfile;
  const auto store =
      open_etcd("etcd://%2Fnowhere%2Fsocket/x", {.patience = std::chrono::milliseconds(100)});
  const auto nothing = open_etcd("etcd://localhost:1");
  const auto id = ContainerId::parse("pod1/web");
  if (!store || nothing || !id) return 2;
  const auto found = store->load(*id);
  if (!found && found.error().code == Errc::unavailable) return 0;
  std::printf("%s\n", found ? "there is something" : found.error().message().c_str());
  return 1;
}
