// SPDX-License-Identifier: Apache-2.0
//
// Participant: one process of a storm.
#pragma once

#include <array>
#include <atomic>
#include <random>
#include <string_view>
#include <vector>

#include "latchfile/store.hpp"
#include "linearizability/journal.hpp"
#include "linearizability/mortal_witness.hpp"

namespace latchfile::test {

/// What the processes of a storm have in common.
struct Scene {
  static constexpr std::size_t max_ids = 8;

  std::atomic<long> operations = 0;
  std::atomic<State> last_written = absent;
  std::array<MortalWitness, max_ids> witnesses;  ///< one for each id
  Condemned condemned;

  /// Whether operations may end without an answer, and locks end while their holders live.
  bool is_remote = false;
  std::atomic<long> unavailable = 0;
  std::atomic<long> unknown = 0;  ///< changes of which nobody knows whether they were made
  std::atomic<long> lost = 0;     ///< changes refused since the lock was lost

  std::atomic<long> unexpected = 0;
  std::array<char, 400> first_unexpected{};

  /// Remembers an answer that nobody may get.
  void add_unexpected(std::string_view what);
};

class Participant {
 public:
  Participant(const Store& store, const std::vector<ContainerId>& ids, Scene& scene,
              Journal& journal, Visitor self, unsigned seed);

  /// Does one thing after the other until all together have done `operations`.
  void work(long operations);

  /// Loads every document once.
  void look_at_all();

 private:
  class Inside;

  void act();
  void create();
  void fill_vacancy();
  void change_under_guard();
  void update();
  void load();
  void list();
  void load_all();

  // Under a guard. Whether it is known what is stored now.
  bool save(LockedState& state);
  void destroy(LockedState state);

  /// One operation begins: now, or with what it is going to change.
  Time begin();
  Time begin(State before, State after);
  void observed(Time begin, State seen) { journal_->observed(lane(), id_, begin, seen); }
  /// That it has had the lock since some moment after `begin`.
  void has_locked(Time begin) {
    if (scene_->is_remote) journal_->has_locked(lane(), id_, begin);
  }
  /// Writes down how the change that was begun was refused.
  void refused(const Error& error);
  /// Counts an answer that says nothing of the state.
  void failed(const Error& error);
  /// The same of a lock.
  void refused(Time begin, const Error& error);
  /// The number of what was read.
  State number_of(const Snapshot& snapshot);

  [[nodiscard]] int lane() const { return static_cast<int>(self_.lane); }
  [[nodiscard]] const ContainerId& id() const { return (*ids_)[id_]; }
  [[nodiscard]] State next_number() { return ++scene_->last_written; }
  [[nodiscard]] bool one_in(unsigned long n) { return below(n) == 0; }
  [[nodiscard]] unsigned long below(unsigned long n) { return random_() % n; }
  [[nodiscard]] Wait some_wait();

  const Store* store_;
  const std::vector<ContainerId>* ids_;
  Scene* scene_;
  Journal* journal_;
  Visitor self_;
  std::mt19937 random_;
  std::size_t id_ = 0;  ///< which of ids_ this is about
};

}  // namespace latchfile::test
