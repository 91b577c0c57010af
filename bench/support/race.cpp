// SPDX-License-Identifier: Apache-2.0
#include "support/race.hpp"

#include <array>
#include <chrono>
#include <string>
#include <unistd.h>
#include <vector>

#include "support/child.hpp"
#include "support/container_document.hpp"

namespace latchfile::bench {

double seconds_of_race(int processes, const std::function<Work(int number)>& prepare) {
  std::array<int, 2> ready{};
  std::array<int, 2> gate{};
  require(pipe(ready.data()) == 0 && pipe(gate.data()) == 0, "pipe");
  std::vector<test::Child> children;
  for (int number = 0; number < processes; ++number) {
    children.emplace_back([&] {
      close(gate[1]);
      const auto work = prepare(number);
      char token = 'r';
      require(write(ready[1], &token, 1) == 1, "say that all is prepared");
      // So that the other side sees an end instead of waiting for a process that failed.
      close(ready[1]);
      require(read(gate[0], &token, 1) == 1, "wait for the start");
      work();
      return 0;
    });
  }
  close(ready[1]);
  for (int number = 0; number < processes; ++number) {
    char token = 0;
    require(read(ready[0], &token, 1) == 1, "a process that is ready");
  }
  const auto begin = std::chrono::steady_clock::now();
  const std::string tokens(static_cast<std::size_t>(processes), 'g');
  require(write(gate[1], tokens.data(), tokens.size()) == processes, "the start");
  for (auto& child : children)
    require(child.wait() == 0, "a process of a race");
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
  for (const int fd : {ready[0], gate[0], gate[1]})
    close(fd);
  return taken.count();
}

}  // namespace latchfile::bench
