// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sys/file.h>
#include <unistd.h>

namespace latchfile::test {

using testing::AllOf;
using testing::Field;
using testing::HasSubstr;
using testing::MatchesRegex;

Outcome Cli::latchfile(const std::vector<std::string>& arguments, std::string_view input) const {
  std::vector<std::string> all = {LATCHFILE_BINARY};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run(all, {.input = input, .env = {"LATCHFILE_ROOT=" + root}});
}

Outcome Cli::shell(const std::string& script, std::string_view input,
                   const std::vector<std::string>& env) const {
  const auto bin = std::filesystem::path(LATCHFILE_BINARY).parent_path().string();
  std::vector<std::string> all = {"LATCHFILE_ROOT=" + root,
                                  "PATH=" + bin + ":" + std::getenv("PATH")};
  all.insert(all.end(), env.begin(), env.end());
  return run({"sh", "-c", script},
             {.input = input, .env = all, .working_directory = dir.path().string()});
}

void Cli::create(const std::string& id, std::string_view document) const {
  const auto created = latchfile({"create", id}, document);
  if (created.exit_code != 0) throw std::runtime_error("create " + id + ": " + created.err);
}

Holder::Holder(const TempDir& dir, const std::string& root, const std::string& id)
    : latchfile_(std::vector<std::string>{
          LATCHFILE_BINARY, "--root", root, "lock", id, "--", "sh", "-c",
          // Opened for both, the FIFO never comes to its end.
          "cd '" + dir.path().string() +
              "' && mkfifo never && exec 3<>never && echo $$ >holder && read line <&3"}),
      command_pid_(pid_in(dir / "holder")) {}

pid_t pid_in(const std::string& file) {
  pid_t pid = 0;
  const bool written = eventually([&] {
    std::ifstream in(file);
    std::string line;
    // Without its end the line may be half of one.
    if (!std::getline(in, line) || in.eof()) return false;
    pid = std::stoi(line);
    return true;
  });
  if (!written) throw std::runtime_error("nobody wrote " + file);
  return pid;
}

bool has_ended(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  const std::string stat((std::istreambuf_iterator<char>(in)), {});
  const auto command_end = stat.rfind(')');
  if (command_end == stat.npos) return true;
  return stat[command_end + 2] == 'Z' || stat[command_end + 2] == 'X';
}

bool is_free(const std::string& lock_file) {
  const int fd = open(lock_file.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) throw std::runtime_error("open " + lock_file);
  const bool taken = flock(fd, LOCK_EX | LOCK_NB) == 0;
  close(fd);
  return taken;
}

OutcomeMatcher ends(int exit_code, const testing::Matcher<std::string>& out,
                    const testing::Matcher<std::string>& err) {
  return AllOf(Field("exit_code", &Outcome::exit_code, exit_code), Field("out", &Outcome::out, out),
               Field("err", &Outcome::err, err));
}

OutcomeMatcher prints(const testing::Matcher<std::string>& out) { return ends(0, out, ""); }

OutcomeMatcher succeeds() { return ends(0, "", ""); }

OutcomeMatcher fails(int exit_code, const std::string& line) {
  return ends(exit_code, "", line + "\n");
}

OutcomeMatcher fails_saying(int exit_code, const std::string& part) {
  return ends(exit_code, "", one_line(part));
}

testing::Matcher<std::string> one_line(const std::string& part) {
  return AllOf(MatchesRegex("latchfile[^[:cntrl:]]*\n"), HasSubstr(part));
}

void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << "exit code " << outcome.exit_code << ", out " << testing::PrintToString(outcome.out)
       << ", err " << testing::PrintToString(outcome.err);
}

}  // namespace latchfile::test
