// SPDX-License-Identifier: Apache-2.0
//
// follow ROOT      prints what becomes of every container, until it is killed
// follow ROOT ID   returns once the container has stopped, or is gone
#include <iostream>

#include <latchfile/local.hpp>
#include <latchfile/oci.hpp>
#include <latchfile/watch.hpp>

using namespace latchfile;

namespace {

int fail(const Error& error) {
  std::cerr << "follow: " << error.message() << '\n';
  return 1;
}

int follow_all(const Store& store) {
  auto watch = store.watch();
  if (!watch) return fail(watch.error());
  for (;;) {
    const auto events = watch->next(Wait::forever());  // what is there, then what changed
    if (!events) return fail(events.error());
    for (const auto& event : *events) {
      std::cout << to_string(event.kind);
      if (event.id) std::cout << ' ' << event.id->text();
      std::cout << '\n' << std::flush;
    }
  }
}

int await_end(const Store& store, const ContainerId& id) {
  const auto ended = oci::wait_for(store, id, Wait::forever(), [](const oci::Seen& now) {
    return Result<bool>(!now.state || now.status == "stopped");  // also if it was killed
  });
  return ended ? 0 : fail(ended.error());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: follow ROOT [ID]\n";
    return 2;
  }
  const auto store = open_local(argv[1]);
  if (!store) return fail(store.error());
  if (argc == 2) return follow_all(*store);
  const auto id = ContainerId::parse(argv[2]);
  return id ? await_end(*store, *id) : fail(id.error());
}
