// SPDX-License-Identifier: Apache-2.0
//
// Journal: where each process of a storm writes down what it does, in memory that outlives it.
//
// There is one lane for each process, so that nobody waits for anybody. What changes something is
// written down before it is done: of a process that was killed, its last entry then says what may
// or may not have happened.
#pragma once

#include <atomic>
#include <cstddef>
#include <ctime>
#include <stdexcept>
#include <sys/mman.h>

#include "linearizability/history.hpp"

namespace latchfile::test {

[[nodiscard]] inline Time monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<Time>(now.tv_sec) * 1'000'000'000 + static_cast<Time>(now.tv_nsec);
}

class Journal {
 public:
  Journal(int lanes, std::size_t entries_per_lane)
      : lanes_(lanes), entries_per_lane_(entries_per_lane) {
    // Pages that nobody writes to are never there.
    void* const memory = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::runtime_error("mmap");
    memory_ = static_cast<std::byte*>(memory);
  }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal() { munmap(memory_, bytes()); }

  /// Writes down that a change of container `id` begins.
  void begin(int lane, std::size_t id, State before, State after) {
    append(lane, id, {monotonic_now(), never, before, after, false, lane});
  }
  /// That the change that was begun last is done.
  void done(int lane) { done(lane, last(lane).operation.before); }
  /// The same for one that did not know beforehand what it would find.
  void done(int lane, State before) {
    auto& operation = last(lane).operation;
    operation.before = before;
    operation.certain = true;
    // Last, for the process may be killed between any two of these lines.
    std::atomic_ref(operation.end).store(monotonic_now(), std::memory_order_release);
  }
  /// That it was refused because of the state that it found.
  void refused(int lane, State found) {
    last(lane).operation.after = unchanged;
    done(lane, found);
  }
  /// That it was refused for a reason that says nothing of the state.
  void forget(int lane) { --count(lane); }

  /// Writes down what was seen between `begin` and now.
  void observed(int lane, std::size_t id, Time begin, State seen) {
    append(lane, id, {begin, monotonic_now(), seen, unchanged, true, lane});
  }

  /// The lane has locked container `id` since `begin`. Whoever of it was in the middle of a change
  /// under an earlier lock, and did not hear what became of it, cannot make that change any more.
  void has_locked(int lane, std::size_t id, Time begin) {
    for (std::size_t i = 0; i < count(lane); ++i) {
      auto& [operation, of] = entries(lane)[i];
      if (of == id && operation.end == never && operation.begin < begin) {
        operation.end = monotonic_now();
      }
    }
  }

  /// What the process of this lane had begun cannot happen any more: it was reaped.
  void close(int lane) {
    if (count(lane) == 0) return;
    auto& end = last(lane).operation.end;
    if (end == never) end = monotonic_now();
  }

  /// Of all lanes, once nobody writes any more.
  [[nodiscard]] History history_of(std::size_t id) const {
    History history;
    for (int lane = 0; lane < lanes_; ++lane) {
      for (std::size_t i = 0; i < count(lane); ++i) {
        if (entries(lane)[i].id == id) history.push_back(entries(lane)[i].operation);
      }
    }
    return history;
  }

 private:
  struct Entry {
    Operation operation;
    std::size_t id;
  };
  using Count = std::atomic<std::size_t>;
  static_assert(Count::is_always_lock_free && std::atomic_ref<Time>::is_always_lock_free);

  [[nodiscard]] std::size_t lane_bytes() const {
    return sizeof(Entry) * (1 + entries_per_lane_);  // the first holds the count
  }
  [[nodiscard]] std::size_t bytes() const {
    return lane_bytes() * static_cast<std::size_t>(lanes_);
  }
  [[nodiscard]] std::byte* lane_at(int lane) const {
    return memory_ + lane_bytes() * static_cast<std::size_t>(lane);
  }
  [[nodiscard]] Count& count(int lane) const { return *reinterpret_cast<Count*>(lane_at(lane)); }
  [[nodiscard]] Entry* entries(int lane) const {
    return reinterpret_cast<Entry*>(lane_at(lane)) + 1;
  }
  [[nodiscard]] Entry& last(int lane) const { return entries(lane)[count(lane) - 1]; }

  void append(int lane, std::size_t id, const Operation& operation) {
    const std::size_t at = count(lane);
    if (at == entries_per_lane_) throw std::length_error("the journal is full");
    entries(lane)[at] = {operation, id};
    ++count(lane);
  }

  int lanes_;
  std::size_t entries_per_lane_;
  std::byte* memory_;
};

}  // namespace latchfile::test
