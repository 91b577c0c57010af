// SPDX-License-Identifier: Apache-2.0
//
// UniqueFd: the owner of one descriptor, from the call that opened it on.
#pragma once

#include <expected>
#include <utility>

namespace latchfile {

class Kernel;
struct Errno;

class UniqueFd {
 public:
  UniqueFd() = default;
  UniqueFd(Kernel& kernel, int fd) : kernel_(&kernel), fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : kernel_(other.kernel_), fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(kernel_, other.kernel_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }

  /// Gives the descriptor up: it stays open and is the caller's.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  /// Closes now and says how it went, for files whose last write error shows only here. EINTR is
  /// success: Linux has closed the descriptor by then (close(2), "Dealing with error returns").
  [[nodiscard]] std::expected<void, Errno> close();

 private:
  Kernel* kernel_ = nullptr;
  int fd_ = -1;
};

}  // namespace latchfile
