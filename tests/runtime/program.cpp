// SPDX-License-Identifier: Apache-2.0
//
// The first process of a container: ends at once if it has an argument, else with SIGTERM.
#include <csignal>
#include <unistd.h>

int main(int argc, char**) {
  // The first process of a pid namespace gets no signal that it has no handler for.
  std::signal(SIGTERM, [](int) { _exit(0); });
  while (argc == 1)
    pause();
  return 0;
}
