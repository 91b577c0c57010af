// SPDX-License-Identifier: Apache-2.0
//
// What the processes of a test share, and the witness among it: whether two of them were ever
// inside at once, told without a file or a lock.
#pragma once

#include <atomic>
#include <new>
#include <stdexcept>
#include <sys/mman.h>

namespace latchfile::test {

/// A T that this process and all that it forks from now on have in common. Its atomics must be free
/// of locks: a process may die inside of them.
template <class T>
class Shared {
 public:
  Shared() {
    void* const memory =
        mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap");
    value_ = new (memory) T;
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { munmap(value_, sizeof(T)); }

  T* operator->() const { return value_; }
  T& operator*() const { return *value_; }

 private:
  T* value_;
};

/// Counts who is inside of what only one may be inside of.
struct Witness {
  std::atomic<int> inside = 0;
  std::atomic<long> entered = 0;
  std::atomic<long> overlaps = 0;
  static_assert(std::atomic<int>::is_always_lock_free && std::atomic<long>::is_always_lock_free);

  /// One stay, from construction to leave().
  class Stay {
   public:
    explicit Stay(Witness& witness) : witness_(&witness) {
      ++witness_->entered;
      if (witness_->inside.fetch_add(1) != 0) ++witness_->overlaps;
    }
    Stay(const Stay&) = delete;
    Stay& operator=(const Stay&) = delete;
    ~Stay() { leave(); }

    void leave() {
      if (witness_ != nullptr) --witness_->inside;
      witness_ = nullptr;
    }

   private:
    Witness* witness_;
  };
};

}  // namespace latchfile::test
