// SPDX-License-Identifier: Apache-2.0
//
// memory_peak list|load_all ROOT COUNT: does this once and prints the peak of its resident memory
// in KiB.
//
// A program of its own, which asks the kernel itself: the ru_maxrss that a parent has from wait4
// begins with what the child had before it became another program, which is the parent's.
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "support/container_document.hpp"

namespace latchfile::bench {
namespace {

std::size_t list(const Store& store) {
  const auto ids = store.list();
  require(ids.has_value(), "list");
  return ids->size();
}

std::size_t load_all(const Store& store) {
  std::size_t loaded = 0;
  const auto done =
      store.load_all([&](const LoadedEntry& entry) { loaded += entry.state ? 1U : 0U; });
  require(done.has_value(), "load_all");
  return loaded;
}

/// The number in `VmHWM:    1234 kB`.
std::string peak_kib() {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word && word != "VmHWM:") {
  }
  require(static_cast<bool>(status >> word), "VmHWM");
  return word;
}

void run(std::string_view work, const std::string& root, const std::string& count) {
  const auto store = open_local(root);
  require(store.has_value(), "open_local");
  const auto found = work == "list" ? list(*store) : load_all(*store);
  require(std::to_string(found) == count, "all containers");
  std::cout << peak_kib() << '\n';
}

}  // namespace
}  // namespace latchfile::bench

int main(int argc, char** argv) {
  latchfile::bench::require(argc == 4, "three arguments");
  latchfile::bench::run(argv[1], argv[2], argv[3]);
  return 0;
}
