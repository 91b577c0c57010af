// SPDX-License-Identifier: Apache-2.0
#include "support/whole_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/container_document.hpp"

namespace latchfile::bench {

void run_to_its_end(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const auto& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  require(error == 0, arguments[0]);
  int status = 0;
  require(waitpid(pid, &status, 0) == pid && status == 0, arguments[0]);
}

Side processes(const std::vector<std::string>& command) {
  constexpr int calls = 10;
  return {[command] {
            for (int i = 0; i < calls; ++i)
              run_to_its_end(command);
          },
          calls};
}

}  // namespace latchfile::bench
