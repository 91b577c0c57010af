// SPDX-License-Identifier: Apache-2.0
#include "cli/session.hpp"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "base/quote.hpp"

namespace latchfile::cli {
namespace {

/// $LATCHFILE_ROOT, else the runtime directory of whoever we are.
Result<std::string> default_root() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (auto root = variable("LATCHFILE_ROOT"); !root.empty()) return root;
  if (geteuid() == 0) return "/run/latchfile";
  if (const auto runtime = variable("XDG_RUNTIME_DIR"); !runtime.empty()) {
    return runtime + "/latchfile";
  }
  return std::unexpected(
      Error{Errc::invalid_argument, 0,
            "no root: give --root DIR, or set LATCHFILE_ROOT or XDG_RUNTIME_DIR"});
}

using Deadline = std::optional<Kernel::Clock::time_point>;

/// Whether there is something to read, or the end, in time.
Result<> await_input(Kernel& kernel, int fd, const std::string& what, Deadline deadline) {
  if (!deadline) return {};
  const auto ready = readable_by(kernel, fd, *deadline);
  if (!ready) return std::unexpected(Error{Errc::io, ready.error().value, "wait for " + what});
  if (!*ready) return std::unexpected(Error{Errc::io, 0, what + " did not end in time"});
  return {};
}

Result<std::string> read_all(Kernel& kernel, int fd, const std::string& what,
                             Deadline deadline = {}) {
  std::string text;
  std::array<char, 65536> buffer{};
  while (text.size() <= Document::max_bytes) {
    if (auto ready = await_input(kernel, fd, what, deadline); !ready) {
      return std::unexpected(std::move(ready.error()));
    }
    const auto got = retry_eintr([&] { return kernel.read(fd, buffer.data(), buffer.size()); });
    if (!got) return std::unexpected(Error{Errc::io, got.error().value, "read " + what});
    if (*got == 0) return text;
    text.append(buffer.data(), *got);
  }
  return std::unexpected(Error{Errc::too_large, 0,
                               what + " has more than the " + std::to_string(Document::max_bytes) +
                                   " bytes that a document may have"});
}

/// `text`, which was read from `what`, as a document.
Result<Document> document_of(std::string text, const std::string& what) {
  auto document = Document::parse(std::move(text));
  if (!document) document.error().context = what + " is " + document.error().context;
  return document;
}

constexpr auto standard_input_name = "standard input";

}  // namespace

Result<std::string> root_of(const GlobalOptions& options) {
  return options.root ? Result<std::string>(*options.root) : default_root();
}

bool is_in_etcd(std::string_view root) { return root.starts_with("etcd://"); }

Result<Store> open_store(const GlobalOptions& options, EtcdAccess& etcd) {
  const auto root = root_of(options);
  if (!root) return std::unexpected(root.error());
  if (is_in_etcd(*root)) return etcd.open(*root, options);
  if (root->starts_with("etcd:")) {
    return std::unexpected(
        Error{Errc::invalid_argument, 0,
              "root " + in_quotes(*root) +
                  ": write etcd://HOST:PORT/PREFIX, or ./etcd:... for a directory"});
  }
  if (root->find("://") != root->npos) {
    return std::unexpected(
        Error{Errc::unsupported, 0,
              "root " + in_quotes(*root) +
                  ": only directories and etcd://HOST:PORT/PREFIX can be roots"});
  }
  auto local = options.local;
  if (options.unsafe_on_power_cut) local.durability = Durability::unsafe_on_power_cut;
  return open_local(*root, local);
}

Wait WaitOptions::wait() const {
  if (nonblock) return Wait::never();
  if (!timeout_seconds) return Wait::forever();
  // Beyond a century a wait is for ever, and its nanoseconds would not fit.
  constexpr double longest_seconds = 100.0 * 365 * 24 * 3600;
  if (*timeout_seconds >= longest_seconds) return Wait::forever();
  return Wait::at_most(std::chrono::nanoseconds(std::llround(*timeout_seconds * 1e9)));
}

Result<Document> read_document(Kernel& kernel, const std::string& file) {
  const bool standard_input = file == "-";
  const auto what = standard_input ? std::string(standard_input_name) : file;
  UniqueFd opened;
  if (!standard_input) {
    auto fd =
        retry_eintr([&] { return kernel.openat(AT_FDCWD, file.c_str(), O_RDONLY | O_NOCTTY, 0); });
    if (!fd) return std::unexpected(Error{Errc::io, fd.error().value, "open " + what});
    opened = std::move(*fd);
  }
  auto text = read_all(kernel, standard_input ? STDIN_FILENO : opened.get(), what);
  if (!text) return std::unexpected(std::move(text.error()));
  return document_of(std::move(*text), what);
}

Result<Document> read_input_until(Kernel& kernel, Kernel::Clock::time_point deadline) {
  auto text = read_all(kernel, STDIN_FILENO, standard_input_name, deadline);
  if (!text) return std::unexpected(std::move(text.error()));
  return document_of(std::move(*text), standard_input_name);
}

}  // namespace latchfile::cli
