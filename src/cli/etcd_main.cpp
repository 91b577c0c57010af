// SPDX-License-Identifier: Apache-2.0
//
// latchfile-etcd: the same command with what is in etcd; latchfile becomes it for that.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fcntl.h>

#include "base/id_text.hpp"
#include "base/quote.hpp"
#include "cli/program.hpp"
#include "cli/run_mirror.hpp"
#include "etcd/etcd_backend.hpp"
#include "etcd/open_site.hpp"
#include "etcd/owner.hpp"
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

/// `name`, or that of this machine, as a part of a prefix.
Result<std::string> checked_host(const std::optional<std::string>& name) {
  auto host = name ? *name : owner::host_name(real_kernel());
  if (id_text::is_part(host) && host.size() <= ContainerId::max_bytes) return host;
  return std::unexpected(
      Error{Errc::invalid_argument, 0,
            "host name " + in_quotes(host) + ": give one with --host, of A-Z a-z 0-9 _ + . -"});
}

class Etcd final : public EtcdAccess {
 public:
  Result<Store> open(const std::string& root, const GlobalOptions& global) override {
    auto options = options_of(global.etcd);
    if (!options) return std::unexpected(std::move(options.error()));
    auto site = open_site(root, std::move(*options));
    if (!site) return std::unexpected(std::move(site.error()));
    site_ = std::move(*site);
    return store_at(site_);
  }

  Result<std::optional<MirroredHost>> host() override { return mirrored_at(*site_); }

  Result<std::vector<Source>> hosts_below() override {
    auto hosts = mirrored_below(*site_);
    if (!hosts) return std::unexpected(std::move(hosts.error()));
    std::vector<Source> sources;
    for (auto& host : *hosts) {
      auto site = std::make_shared<const EtcdSite>(site_of(*site_, host.name));
      sources.push_back({store_at(std::move(site)), std::move(host)});
    }
    return sources;
  }

  Result<int> mirror(Session& session, const MirrorArguments& arguments) override {
    if (session.store.spans_machines()) {
      return std::unexpected(
          Error{Errc::invalid_argument, 0, "only a directory can be mirrored: give it by --root"});
    }
    auto options = options_of(session.options.etcd);
    if (!options) return std::unexpected(std::move(options.error()));
    // What takes longer is tried again; a signal is to end us sooner.
    if (!session.options.etcd.command_timeout_seconds) options->patience = std::chrono::seconds(3);
    if (arguments.ttl_seconds) {
      options->ttl = std::chrono::seconds(std::llround(std::min(*arguments.ttl_seconds, 1e6)));
    }
    const auto host = checked_host(arguments.host);
    if (!host) return std::unexpected(host.error());
    const auto hosts = open_site(arguments.to, std::move(*options));
    if (!hosts) return std::unexpected(hosts.error());
    return run_mirror(session, std::make_shared<const EtcdSite>(site_of(**hosts, *host)));
  }

 private:
  static Store store_at(std::shared_ptr<const EtcdSite> site) {
    return Store(std::make_shared<const EtcdBackend>(std::move(site)));
  }

  std::shared_ptr<const EtcdSite> site_;  ///< the one that was opened
};

}  // namespace
}  // namespace latchfile::cli

// Out of memory ends the process, which says so.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
  latchfile::cli::Etcd etcd;
  return latchfile::cli::run(argc, argv, etcd);
}
