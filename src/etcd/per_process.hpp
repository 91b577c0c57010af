// SPDX-License-Identifier: Apache-2.0
//
// PerProcess: something that a forked child must not share with its parent, such as a mutex that
// another thread may hold during the fork, or a connection.
//
// Each process gets a T of its own at first use. What a child inherited it leaves as it is: closing
// a connection properly would close it for the parent as well. Threads: get() may be called by any.
#pragma once

#include <atomic>
#include <memory>

#include "posix/kernel.hpp"

namespace latchfile {

template <class T>
class PerProcess {
 public:
  explicit PerProcess(Kernel& kernel) : kernel_(kernel) {}
  PerProcess(const PerProcess&) = delete;
  PerProcess& operator=(const PerProcess&) = delete;
  ~PerProcess() {
    const auto* own = own_.load();
    if (own != nullptr && own->pid == kernel_.getpid()) delete own;
  }

  [[nodiscard]] T& get() {
    const auto pid = kernel_.getpid();
    auto* own = own_.load();
    while (own == nullptr || own->pid != pid) {
      auto fresh = std::make_unique<Own>(pid);
      if (own_.compare_exchange_strong(own, fresh.get())) return fresh.release()->value;
    }
    return own->value;
  }

 private:
  struct Own {
    explicit Own(pid_t of) : pid(of) {}
    pid_t pid;
    T value{};
  };

  Kernel& kernel_;
  std::atomic<Own*> own_ = nullptr;
};

}  // namespace latchfile
