// SPDX-License-Identifier: Apache-2.0
//
// latchfile mirror beside a test: an etcd and a root of its own, and what other machines see.
#pragma once

#include <csignal>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/cli.hpp"
#include "support/etcd_server.hpp"

namespace latchfile::test {

/// A program of ours beside the test, with its two outputs in a file.
[[nodiscard]] inline Child start(const std::vector<std::string>& arguments,
                                 const std::string& output,
                                 const std::string& variable = "NOTIFY_SOCKET=") {
  return Child([=]() -> int {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int file = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    for (const int fd : {1, 2})
      dup2(file, fd);
    putenv(const_cast<char*>(variable.c_str()));
    std::vector<std::string> all = {LATCHFILE_BINARY};
    all.insert(all.end(), arguments.begin(), arguments.end());
    execute(all);
  });
}

[[nodiscard]] inline bool comes_to_say(const std::string& file, const std::string& text) {
  return eventually(
      [&] { return std::filesystem::exists(file) && read_text(file).contains(text); });
}

class MirrorCli : public Cli {
 protected:
  explicit MirrorCli(std::vector<std::string> arguments_of_etcd = {})
      : server(nullptr, std::move(arguments_of_etcd)) {}

  EtcdServer server;
  const std::string hosts = server.url("/hosts");
  const std::string notes = dir / "notes";
  const std::vector<std::string> both_keys = {"/hosts/a/m/alive", "/hosts/a/m/contact"};
  const std::vector<std::string> contact_key = {"/hosts/a/m/contact"};

  [[nodiscard]] Child mirror(const std::string& host, std::vector<std::string> more = {},
                             const std::string& variable = "NOTIFY_SOCKET=") const {
    std::vector<std::string> arguments = {"--root", root, "mirror", "--to", hosts, "--host", host};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return start(arguments, notes, variable);
  }
  [[nodiscard]] bool is_published() const { return comes_to_say(notes, "is published at "); }

  [[nodiscard]] Outcome on(const std::string& host, std::vector<std::string> arguments,
                           std::string_view input = {}) const {
    arguments.insert(arguments.begin(), {"--root", hosts + "/" + host});
    return latchfile(arguments, input);
  }
  [[nodiscard]] bool comes_to_show(const std::string& host, const std::string& list) const {
    return eventually([&] { return on(host, {"list", "-f", "{id} {status}"}).out == list; });
  }
  [[nodiscard]] bool comes_to_keep(const std::vector<std::string>& keys,
                                   const std::string& folder = "/hosts/a/m") const {
    return eventually([&] { return server.keys(folder) == keys; });
  }
  void local(const std::vector<std::string>& arguments, std::string_view input = {}) const {
    EXPECT_THAT(latchfile(arguments, input), succeeds());
  }
};

}  // namespace latchfile::test
