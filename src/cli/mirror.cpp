// SPDX-License-Identifier: Apache-2.0
//
// latchfile mirror --to etcd://HOST:PORT/PREFIX [--host NAME] [--ttl SECONDS]
//
// How it is called; what it does is in run_mirror.cpp, which only latchfile-etcd has.
#include "cli/commands.hpp"

namespace latchfile::cli {

void add_mirror(Parser& parser, Action& action) {
  auto command = add_command<MirrorArguments>(
      parser, "mirror", "Publish the root of this machine in etcd, and every change of it",
      "latchfile mirror --to etcd://10.0.0.7:2379/hosts");
  auto& options = *command.options;
  command.parser
      .add_option("--to", options.to,
                  "etcd://HOST:PORT[,HOST:PORT...]/PREFIX: it is published under PREFIX/NAME")
      .required()
      .called("URL");
  command.parser
      .add_option("--host", options.host, "The name of this machine there; default: its host name")
      .called("NAME");
  command.parser
      .add_option("--ttl", options.ttl_seconds,
                  "After that long without a word from us this machine counts as dead; default: 10")
      .called("SECONDS");
  on_parsed(command, action, [](Session& session, const MirrorArguments& arguments) {
    return session.etcd.mirror(session, arguments);
  });
}

}  // namespace latchfile::cli
