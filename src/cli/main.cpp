// SPDX-License-Identifier: Apache-2.0
//
// latchfile: the command line of the library. For what is in etcd it becomes latchfile-etcd, which
// has libcurl: a command on a directory would need several times as long if it loaded that.
#include <array>
#include <filesystem>

#include "cli/program.hpp"
#include "posix/process.hpp"

namespace latchfile::cli {
namespace {

constexpr auto program_for_etcd = "latchfile-etcd";

/// Does not come back unless it fails. Beside us, as it is built, or where it is installed.
Error become_program_for_etcd(char** argv) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {Errc::io, error.value(), "read /proc/self/exe"};
  const auto here = self.parent_path();
  const std::array places = {
      here / program_for_etcd,
      (here / LATCHFILE_LIBEXEC_FROM_BIN / program_for_etcd).lexically_normal()};
  for (const auto& place : places) {
    const auto failed = become_program(place.c_str(), argv);
    if (failed != Errno{ENOENT}) return {Errc::io, failed.value, "run " + place.string()};
  }
  return {Errc::unsupported, 0,
          "what is in etcd needs the program latchfile-etcd, which is neither " +
              places.front().string() + " nor " + places.back().string() +
              ": install the component etcd of Latchfile"};
}

class ByTheOtherProgram final : public EtcdAccess {
 public:
  explicit ByTheOtherProgram(char** argv) : argv_(argv) {}

  Result<Store> open(const std::string&, const GlobalOptions&) override { return become(); }
  Result<std::optional<MirroredHost>> host() override { return become(); }
  Result<std::vector<Source>> hosts_below() override { return become(); }
  Result<int> mirror(Session&, const MirrorArguments&) override { return become(); }

 private:
  [[nodiscard]] std::unexpected<Error> become() const {
    return std::unexpected(become_program_for_etcd(argv_));
  }

  char** argv_;
};

}  // namespace
}  // namespace latchfile::cli

// Out of memory ends the process, which says so.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  using namespace latchfile;
  cli::ByTheOtherProgram etcd(argv);
  return cli::run(argc, argv, etcd);
}
