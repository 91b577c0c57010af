// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <limits>
#include <unistd.h>

namespace latchfile::cli {

Output::Output(Kernel& kernel, int fd, std::string name)
    : kernel_(kernel), fd_(fd), name_(std::move(name)) {}

void Output::write(std::string_view text) {
  constexpr std::size_t much = 65536;
  pending_ += text;
  if (pending_.size() >= much) write_out();
}

Result<> Output::flush() {
  write_out();
  return outcome_;
}

void Output::flush_or_drop() { write_out(); }

void Output::write_out() {
  std::string_view left = pending_;
  while (outcome_ && !left.empty()) {
    const auto written = retry_eintr([&] { return kernel_.write(fd_, left); });
    if (written) {
      left.remove_prefix(*written);
    } else {
      outcome_ = std::unexpected(Error{Errc::io, written.error().value, "write to " + name_});
    }
  }
  pending_.clear();
}

bool Output::is_terminal() { return kernel_.terminal_columns(fd_).has_value(); }

std::size_t Output::columns() {
  constexpr unsigned usual_columns = 80;
  const auto columns = kernel_.terminal_columns(fd_);
  if (!columns) return std::numeric_limits<std::size_t>::max();
  return *columns == 0 ? usual_columns : *columns;
}

bool Output::colours() { return is_terminal() && std::getenv("NO_COLOR") == nullptr; }

void occupy_standard_streams(Kernel& kernel) {
  for (;;) {
    auto fd = kernel.openat(AT_FDCWD, "/", O_PATH, 0);
    if (!fd || fd->get() > STDERR_FILENO) return;
    static_cast<void>(fd->release());  // for the life of the process
  }
}

}  // namespace latchfile::cli
