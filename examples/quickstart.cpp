// SPDX-License-Identifier: Apache-2.0
//
// quickstart ROOT: the life of one container's state. What follows is the example of README.md,
// which a test keeps equal to it.
#include <iostream>
#include <latchfile/edit.hpp>
#include <latchfile/local.hpp>
using namespace latchfile;

int main(int, char** argv) {
  const auto store = open_local(argv[1]).value();
  const auto web = ContainerId::parse("web").value();
  auto vacancy = store.lock_for_new(web, Wait::never()).value();  // nobody else creates it now,
  auto document = Document::parse(R"({"status":"created","pid":4711})").value();
  auto state = std::move(vacancy).create(std::move(document)).value();  // or changes it now

  const auto& now = state.current().document;  // as it is under the lock
  state.save(merge_patch(now, R"({"status":"running"})").value()).value();
  std::cout << store.load(web).value().document.bytes() << '\n';  // takes no lock
  std::move(state).destroy().value();
}
