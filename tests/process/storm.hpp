// SPDX-License-Identifier: Apache-2.0
//
// The storm: several processes create, save, drop and destroy one id as fast as they can, for a
// bounded number of operations, while a witness counts who is inside.
//
// It is where locks on files that get unlinked break: one waits on a lock file, the holder unlinks
// it, a third makes a new one, and two hold "the" lock.
#pragma once

#include <atomic>
#include <sched.h>

#include "support/numbered_document.hpp"
#include "latchfile/store.hpp"
#include "process/shared.hpp"

namespace latchfile::test {

struct Storm {
  Witness witness;
  std::atomic<long> rounds_left = 0;
  std::atomic<long> created = 0;
  std::atomic<long> saved = 0;
  std::atomic<long> destroyed = 0;
  /// What no operation may answer while everybody keeps the protocol.
  std::atomic<long> unexpected = 0;

  /// The part of one process; returns when all rounds are used up.
  void blow(const Store& store, const ContainerId& id) {
    for (long round = 0; (round = --rounds_left) >= 0;) {
      if (round % 2 == 0) {
        create(store, id, round);
      } else {
        change(store, id, round);
      }
    }
  }

 private:
  void create(const Store& store, const ContainerId& id, long round) {
    auto vacancy = store.lock_for_new(id, Wait::forever());
    if (!vacancy) {
      if (vacancy.error().code != Errc::already_exists) ++unexpected;
      return;
    }
    Witness::Stay stay(witness);
    sched_yield();
    if (round % 8 == 0) return;  // unused; the stay ends before the lock, which is the older object
    const auto state = std::move(*vacancy).create(numbered(round));
    ++(state ? created : unexpected);
    stay.leave();
  }

  void change(const Store& store, const ContainerId& id, long round) {
    auto state = store.lock(id, Wait::forever());
    if (!state) {
      if (state.error().code != Errc::not_found) ++unexpected;
      return;
    }
    Witness::Stay stay(witness);
    sched_yield();
    ++(state->save(numbered(round)) ? saved : unexpected);
    if (round % 4 == 1) return;
    stay.leave();
    ++(std::move(*state).destroy() ? destroyed : unexpected);
  }
};

}  // namespace latchfile::test
