// SPDX-License-Identifier: Apache-2.0
#include "cli/run_mirror.hpp"

#include <filesystem>
#include <algorithm>
#include <array>
#include <cerrno>

#include "base/quote.hpp"
#include "cli/errors.hpp"
#include "etcd/mirror.hpp"
#include "posix/service.hpp"

namespace latchfile::cli {
namespace {

/// Between two attempts to reach etcd.
constexpr auto pause_without_etcd = std::chrono::milliseconds(200);

/// How it is, told to whoever reads our notes and to the manager of services.
class Status {
 public:
  explicit Status(Session& session) : session_(session) {}

  void tell(const std::string& text) {
    if (text == last_) return;
    last_ = text;
    note(text);
    send("STATUS=" + one_line(text));
  }
  void ready() {
    if (!std::exchange(ready_, true)) send("READY=1");
  }
  void stopping() { send("STOPPING=1"); }
  void complain(const Error& error) {
    session_.notes.write(error_line(session_.program, error));
    session_.notes.flush_or_drop();
  }

 private:
  void note(const std::string& text) {
    session_.notes.write(one_line(session_.program + ": " + text) + "\n");
    session_.notes.flush_or_drop();
  }
  void send(const std::string& state) {
    const auto sent = notify_manager(session_.kernel, state);
    if (!sent && !std::exchange(deaf_, true)) {
      complain({Errc::io, sent.error().value, "notify the manager of services"});
    }
  }

  Session& session_;
  std::string last_;
  bool ready_ = false;
  bool deaf_ = false;  ///< the manager cannot be told, which was said
};

/// Whether it is worth to go on: etcd may come back, and a full database may be mended.
bool may_pass(const Error& error) {
  return error.code == Errc::unavailable || error.sys_errno == ENOSPC;
}

}  // namespace

Result<int> run_mirror(Session& session, const std::shared_ptr<const EtcdSite>& site) {
  auto& kernel = session.kernel;
  const auto signals = await_end_signals(kernel);
  if (!signals) {
    return std::unexpected(Error{Errc::io, signals.error().value, "await signals"});
  }
  Status status(session);
  const auto root = root_of(session.options).value_or("");
  std::error_code unknown;
  const auto published = std::filesystem::exists(root, unknown)
                             ? "all of " + root + " is published at "
                             : "there is no " + root + " yet, and nothing is published at ";
  Mirror mirror(site, session.store, [&](const Error& error) { status.complain(error); });
  for (;;) {
    const auto worked = mirror.work();
    if (!worked && worked.error().code == Errc::locked) {
      // Of a command that waits for a lock there would be other things to say.
      session.notes.write(one_line(session.program + ": " + worked.error().message() +
                                   "; end that mirror, or give this one another --host") +
                          "\n");
      return exit_code(worked.error());
    }
    if (!worked && !may_pass(worked.error())) return std::unexpected(worked.error());
    auto until = worked && *worked ? kernel.now() : mirror.due();
    if (!worked) {
      status.tell(worked.error().message() + "; goes on trying");
      until = kernel.now() + pause_without_etcd;
    } else if (mirror.is_complete()) {
      status.tell(published + site->root);
      status.ready();
    }
    std::array<pollfd, 2> polled = {
        {{signals->get(), POLLIN, 0}, {worked ? mirror.descriptor() : -1, POLLIN, 0}}};
    const auto woken = retry_eintr([&] { return kernel.poll(polled, until); });
    if (!woken) return std::unexpected(Error{Errc::io, woken.error().value, "wait for changes"});
    if (polled[0].revents != 0) break;
  }
  status.stopping();
  mirror.end();
  return exit_done;
}

}  // namespace latchfile::cli
