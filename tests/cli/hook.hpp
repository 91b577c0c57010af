// SPDX-License-Identifier: Apache-2.0
//
// What the tests of `latchfile hook` share: what a runtime says to it, and the record that comes of
// it.
#pragma once

#include <string>
#include <sys/types.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"

namespace latchfile::test {

using nlohmann::json;

/// Stands for a runtime that names no pid; crun and runsc write 0 and -1.
inline constexpr pid_t no_pid = -2;

/// Exit code 0, and the reason on standard error.
inline OutcomeMatcher goes_on_saying(const std::string& part) {
  return ends(0, "", one_line(part));
}

/// A process that has ended and is reaped: its pid is nobody's.
inline pid_t dead_pid() {
  Child child([] { return 0; });
  const auto pid = child.pid();
  child.wait();
  return pid;
}

class Hook : public Cli {
 protected:
  [[nodiscard]] static std::string said(const std::string& status, pid_t pid = no_pid) {
    json state = {{"ociVersion", "1.0.2"}, {"id", "web"}, {"status", status}, {"bundle", "/b"}};
    if (pid != no_pid) state["pid"] = pid;
    return state.dump();
  }

  [[nodiscard]] Outcome hook(const std::string& stage, const std::string& input) const {
    return latchfile({"hook", stage}, input);
  }

  [[nodiscard]] json record(const std::string& id = "web") const {
    const auto state = latchfile({"state", id});
    return state.exit_code == 0 ? json::parse(state.out) : json();
  }

  /// Its status and pid, for example "running 4711"; empty if there is none.
  [[nodiscard]] std::string recorded(const std::string& id = "web") const {
    const auto found = record(id);
    if (found.is_null()) return {};
    const auto status = found["status"].get<std::string>();
    return found.contains("pid") ? status + " " + std::to_string(found["pid"].get<pid_t>())
                                 : status;
  }

  const std::string our_pid = std::to_string(getpid());
};

}  // namespace latchfile::test
