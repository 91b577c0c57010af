// SPDX-License-Identifier: Apache-2.0
//
// Options of stores in etcd, named like etcdctl's. What is not given comes from the environment:
// LATCHFILE_ETCD_ and the name of the option, LATCHFILE_ETCD_CACERT for one.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "cli/parser.hpp"

namespace latchfile::cli {

struct EtcdArguments {
  std::optional<std::string> cacert;
  std::optional<std::string> cert;
  std::optional<std::string> key;
  std::optional<std::string> user;
  std::optional<std::string> password_file;
  std::optional<double> command_timeout_seconds;
  bool insecure_transport = false;
};

inline constexpr auto etcd_options_with_value = std::to_array<std::string_view>(
    {"--cacert", "--cert", "--key", "--user", "--password-file", "--command-timeout"});

void describe_etcd(Parser& parser, EtcdArguments& into);

}  // namespace latchfile::cli
