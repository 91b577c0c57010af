// SPDX-License-Identifier: Apache-2.0
//
// latchfile-etcd: the same command with stores in etcd; latchfile becomes it for such a root.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fcntl.h>

#include "cli/program.hpp"
#include "latchfile/etcd.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::cli {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string given(const std::optional<std::string>& option, const char* or_variable) {
  return option ? *option : variable(or_variable);
}

/// The first line of `file`, which is the password.
Result<std::string> read_password(const std::string& file) {
  constexpr std::size_t longest = 4096;
  auto& kernel = real_kernel();
  const auto failed = [&](Errno error) {
    return std::unexpected(Error{Errc::io, error.value, "read the password in " + file});
  };
  const auto fd =
      retry_eintr([&] { return kernel.openat(AT_FDCWD, file.c_str(), O_RDONLY | O_NOCTTY, 0); });
  if (!fd) return failed(fd.error());
  std::string password(longest, '\0');
  std::size_t used = 0;
  while (used < longest) {
    const auto got =
        retry_eintr([&] { return kernel.read(fd->get(), password.data() + used, longest - used); });
    if (!got) return failed(got.error());
    if (*got == 0) break;
    used += *got;
  }
  password.resize(std::min(used, password.find('\n')));
  if (!password.empty()) return password;
  return std::unexpected(Error{Errc::invalid_argument, 0, "there is no password in " + file});
}

Result<EtcdOptions> options_of(const EtcdArguments& arguments) {
  EtcdOptions options;
  options.ca_file = given(arguments.cacert, "LATCHFILE_ETCD_CACERT");
  options.cert_file = given(arguments.cert, "LATCHFILE_ETCD_CERT");
  options.key_file = given(arguments.key, "LATCHFILE_ETCD_KEY");
  options.user = given(arguments.user, "LATCHFILE_ETCD_USER");
  options.insecure_transport =
      arguments.insecure_transport || variable("LATCHFILE_ETCD_INSECURE_TRANSPORT") == "true";
  const auto file = given(arguments.password_file, "LATCHFILE_ETCD_PASSWORD_FILE");
  options.password = variable("LATCHFILE_ETCD_PASSWORD");
  if (const auto seconds = arguments.command_timeout_seconds) {
    // What is out of bounds stays so, for open_etcd to refuse.
    constexpr double most = 1e6;
    options.patience =
        std::chrono::milliseconds(std::llround(std::clamp(*seconds, -1.0, most) * 1000));
  }
  if (!file.empty()) {
    auto password = read_password(file);
    if (!password) return std::unexpected(std::move(password.error()));
    options.password = std::move(*password);
  }
  return options;
}

Result<Store> open_root(const std::string& root, const GlobalOptions& global) {
  auto options = options_of(global.etcd);
  if (!options) return std::unexpected(std::move(options.error()));
  return open_etcd(root, std::move(*options));
}

}  // namespace
}  // namespace latchfile::cli

// Out of memory ends the process, which says so.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  return latchfile::cli::run(argc, argv, latchfile::cli::open_root);
}
