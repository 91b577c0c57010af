// SPDX-License-Identifier: Apache-2.0
//
// What every command works with: the store that the global options name, and the standard streams.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/etcd_access.hpp"
#include "cli/etcd_options.hpp"
#include "cli/output.hpp"
#include "latchfile/local.hpp"
#include "latchfile/store.hpp"
#include "posix/kernel.hpp"

namespace latchfile::cli {

using Arguments = std::vector<std::string>;

/// Options that come before or after the command.
struct GlobalOptions {
  std::optional<std::string> root;  ///< nothing: the default
  LocalOptions local;
  bool unsafe_on_power_cut = false;
  EtcdArguments etcd = {};
};

struct Session {
  Kernel& kernel;
  Store store;
  Output& out;                   ///< standard output
  Output& notes;                 ///< standard error: warnings, and what is being waited for
  Arguments command;             ///< CMD: what stands behind "--"
  std::string program;           ///< "latchfile list": how lines in `notes` begin
  const GlobalOptions& options;  ///< what `store` was opened with
  EtcdAccess& etcd;
};

/// The work of one command, once its arguments are parsed. The value is the exit code.
using Action = std::function<Result<int>(Session&)>;

inline constexpr int exit_done = 0;

/// --root, else the default. Errors: invalid_argument: there is no default root here.
[[nodiscard]] Result<std::string> root_of(const GlobalOptions& options);

/// Whether a root is a prefix in etcd and not a directory.
[[nodiscard]] bool is_in_etcd(std::string_view root);

/// Errors: invalid_argument: there is no default root here; unsupported: the kind of root.
[[nodiscard]] Result<Store> open_store(const GlobalOptions& options, EtcdAccess& etcd);

/// --timeout and --nonblock.
struct WaitOptions {
  std::optional<double> timeout_seconds;
  bool nonblock = false;

  [[nodiscard]] Wait wait() const;
};

/// `take(wait)`, where take locks: if the lock is busy and a person watches, says first who has it.
template <class Take>
[[nodiscard]] auto take_lock(Session& session, Wait wait, const Take& take) {
  if (wait.is_never() || !session.notes.is_terminal()) return take(wait);
  auto taken = take(Wait::never());
  if (taken || taken.error().code != Errc::locked) return taken;
  session.notes.write(session.program + ": waiting: " + taken.error().message() + "\n");
  session.notes.flush_or_drop();
  return take(wait);
}

/// The document in a file, or on standard input for "-". Errors: invalid_argument, too_large, io.
[[nodiscard]] Result<Document> read_document(Kernel& kernel, const std::string& file);

/// The document on standard input, whose end has to come before `deadline`. Errors: as
/// read_document; io also if the end does not come.
[[nodiscard]] Result<Document> read_input_until(Kernel& kernel, Kernel::Clock::time_point deadline);

}  // namespace latchfile::cli
