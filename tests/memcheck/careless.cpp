// SPDX-License-Identifier: Apache-2.0
//
// A program with the faults that valgrind is there to find: `careless leak` and `careless unset`.
#include <cstdlib>
#include <cstring>

int main(int, char** argv) {
  char* volatile block = static_cast<char*>(std::malloc(64));
  if (block == nullptr) return 2;
  if (std::strcmp(argv[1], "leak") == 0) {
    block = nullptr;
    return 0;
  }
  const bool branch = block[0] == 'x';  // malloc has set nothing
  std::free(block);
  return branch ? 1 : 0;
}
