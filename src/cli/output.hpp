// SPDX-License-Identifier: Apache-2.0
//
// The standard streams, written through the Kernel seam: a write that fails is an error of the
// command, not a silence.
#pragma once

#include <string>
#include <string_view>

#include "latchfile/error.hpp"
#include "posix/kernel.hpp"

namespace latchfile::cli {

class Output {
 public:
  /// `name` is for errors: "standard output".
  Output(Kernel& kernel, int fd, std::string name);

  /// Collects text, writing it when much has come together.
  void write(std::string_view text);
  /// Writes what is left. Errors: io, also of earlier writes.
  [[nodiscard]] Result<> flush();
  /// For the stream that errors go to: there is nobody left to tell.
  void flush_or_drop();

  [[nodiscard]] bool is_terminal();
  /// Columns of the terminal; without bound if it is none.
  [[nodiscard]] std::size_t columns();
  /// Whether to colour: on a terminal, unless $NO_COLOR is set.
  [[nodiscard]] bool colours();

 private:
  void write_out();

  Kernel& kernel_;
  int fd_;
  std::string name_;
  std::string pending_;
  Result<> outcome_;
};

/// Makes sure that descriptors 0 to 2 are open, so that no file of ours becomes one of them. What
/// was closed answers every read and write with EBADF, as before.
void occupy_standard_streams(Kernel& kernel);

}  // namespace latchfile::cli
