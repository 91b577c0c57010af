// SPDX-License-Identifier: Apache-2.0
//
// Arguments, one on each line of the input. They are parsed by the commands themselves, and what
// was asked for is done in a world where no file exists. What stands behind a line "--" is CMD,
// which the parser does not see here either, and which is never run.
#include <algorithm>
#include <cerrno>

#include "cli/commands.hpp"
#include "cli/errors.hpp"
#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"
#include "local/local_backend.hpp"

namespace latchfile::fuzz {
namespace {

/// Nothing is there, nothing can be made, and whatever is written is taken.
class EmptyWorld final : public Kernel {
 public:
  Sys<UniqueFd> openat(int, const char*, int, mode_t) override { return absent(); }
  Sys<> close(int) override { return {}; }
  Sys<std::size_t> read(int, char*, std::size_t) override { return 0; }
  Sys<std::size_t> write(int, std::string_view bytes) override { return bytes.size(); }
  Sys<struct stat> fstat(int, Times) override { return absent(); }
  Sys<> fchmod(int, mode_t) override { return absent(); }
  Sys<> fchown(int, uid_t, gid_t) override { return absent(); }
  Sys<> fdatasync(int) override { return absent(); }
  Sys<> fsync(int) override { return absent(); }
  Sys<struct stat> fstatat(int, const char*, int, Times) override { return absent(); }
  Sys<> renameat(int, const char*, const char*) override { return absent(); }
  Sys<> unlinkat(int, const char*) override { return absent(); }
  Sys<> mkdirat(int, const char*, mode_t) override { return absent(); }
  Sys<std::size_t> getdents64(int, char*, std::size_t) override { return absent(); }
  Sys<> flock(int, int) override { return absent(); }
  Sys<> flock_until(int, int, Clock::time_point) override { return absent(); }
  Clock::time_point now() override { return {}; }
  pid_t getpid() override { return 1; }
  pid_t gettid() override { return 1; }
  uid_t geteuid() override { return 0; }

 private:
  static std::unexpected<Errno> absent() { return std::unexpected(Errno{ENOENT}); }
};

cli::Arguments lines_of(std::string_view text) {
  cli::Arguments lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

/// Nothing is in etcd.
class NoEtcd final : public cli::EtcdAccess {
 public:
  Result<Store> open(const std::string&, const cli::GlobalOptions&) override { return none(); }
  Result<std::optional<MirroredHost>> host() override { return std::nullopt; }
  Result<std::vector<cli::Source>> hosts_below() override { return none(); }
  Result<int> mirror(cli::Session&, const cli::MirrorArguments&) override { return none(); }

 private:
  static std::unexpected<Error> none() {
    return std::unexpected(Error{Errc::unavailable, 0, "there is no etcd"});
  }
};

void check_line(const std::string& line) {
  require(line.find('\n') == line.size() - 1, "an error is one line");
}

void perform(const cli::Action& action) {
  EmptyWorld kernel;
  cli::Output out(kernel, 1, "standard output");
  cli::Output notes(kernel, 2, "standard error");
  const cli::GlobalOptions options{.root = "/root", .local = {}};
  NoEtcd etcd;
  cli::Session session{kernel,
                       Store(std::make_shared<const LocalBackend>(kernel, "/root", LocalOptions())),
                       out,
                       notes,
                       cli::Arguments(),
                       "latchfile",
                       options,
                       etcd};
  const auto code = action(session);
  if (code) {
    require(*code == cli::exit_done, "nothing but CMD ends with another exit code");
  } else {
    const auto failed = cli::exit_code(code.error());
    require(failed >= 1 && failed <= 7, "an error has one of the exit codes of the help");
    check_line(cli::error_line("latchfile", code.error()));
  }
}

}  // namespace

void cli(std::string_view input) {
  auto arguments = lines_of(input);
  arguments.erase(std::ranges::find(arguments, "--"), arguments.end());
  cli::CommandLine line("latchfile", "", "", "0");
  auto parser = line.parser();
  cli::Action action;
  cli::add_create(parser, action);
  cli::add_state(parser, action);
  cli::add_save(parser, action);
  cli::add_update(parser, action);
  cli::add_list(parser, action);
  cli::add_delete(parser, action);
  cli::add_lock(parser, action);
  cli::add_locks(parser, action);
  cli::add_check(parser, action);
  cli::add_hook(parser, action);
  cli::add_watch(parser, action);
  cli::add_wait(parser, action);
  const auto parsed = line.parse(std::move(arguments));
  require(!parsed.text || !parsed.text->empty(), "there is help");
  if (parsed.text || parsed.fault) return;
  require(static_cast<bool>(action) == (parsed.program != "latchfile"),
          "a command that is named is the one that is done");
  if (action) perform(action);
}

}  // namespace latchfile::fuzz
