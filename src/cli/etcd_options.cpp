// SPDX-License-Identifier: Apache-2.0
#include "cli/etcd_options.hpp"

namespace latchfile::cli {

void describe_etcd(Parser& parser, EtcdArguments& into) {
  parser.add_option("--cacert", into.cacert, "The authorities of etcd's certificates")
      .called("FILE");
  parser.add_option("--cert", into.cert, "The certificate to show to etcd").called("FILE");
  parser.add_option("--key", into.key, "The key of that certificate").called("FILE");
  // A password would stand in the list of processes for everyone to read.
  const auto password_fault = [](const std::string& user) {
    return user.contains(':') ? std::string(
                                    "give the password with --password-file or in "
                                    "$LATCHFILE_ETCD_PASSWORD, where nobody sees it")
                              : std::string();
  };
  parser.add_option("--user", into.user, "The user of etcd to be")
      .called("NAME")
      .check(password_fault);
  parser.add_option("--password-file", into.password_file, "Where the password of that user is")
      .called("FILE");
  parser
      .add_option("--command-timeout", into.command_timeout_seconds,
                  "Try for that long to get an answer of etcd; default: 15")
      .called("SECONDS");
  parser.add_flag("--insecure-transport", into.insecure_transport,
                  "Use no TLS for etcd, also to other machines");
}

}  // namespace latchfile::cli
