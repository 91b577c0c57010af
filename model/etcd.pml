// SPDX-License-Identifier: Apache-2.0
//
// The lock on one id in etcd, and create, save and destroy under it, with a network that delivers
// late, twice or not at all, and holders that are stopped for longer than their leases last.
//
//   E1 to E7  src/etcd/etcd_lock.hpp
//
// A transaction is one atomic step, as etcd promises. Whoever sends one may leave a copy of it on its
// way, which comes whenever it likes or never, and then sends the same again or gives up. So a copy
// that comes at once is an answer that was lost, one that comes late is a request that was, and one
// that comes after the answer is a duplicate. A process that is killed is one that never gets to E7
// and begins anew.
//
// The nonce of an acquisition is its number, and so is the id of a save.
//
// Asserted: one guard at a time, by the clocks of the holders; a lock for a new state finds none, one
// for a state finds it; only who has the lock changes the state (the fence), and so nobody finds it
// changed by strangers; once a save or destroy returned, nothing older is carried out; what is said
// to be done was done, what is said to be lost was not and never will be; no lock comes back once it
// was released, nor is there one that neither a holder nor its lease ends; no deadlock.
//
// Macros that change the protocol; each must end in a violation:
//   NO_MOD           saves and destroys are fenced by the lock key alone
//   NO_LOCK          saves and destroys are fenced by the state's revision alone
//   SHARED_LEASE     one lease for all locks of a process; a release deletes the lock key
//   DELETE_ONLY      a release deletes the lock key and leaves the lease to its end
//   LOOK_FIRST       whether the state is there is asked by E1, and not again by E4
//   READ_FIRST       M is what E1 found, not what is there at E4
//   LATE_WATCH       E2 watches from when the watch is opened, not from E1 on
//   NO_SAVE_ID       who finds its lock, and the state changed, takes that for its own save
//   TIMEOUT_IS_LOST  no answer in time is told as nothing written
//   ABSENT_IS_SAME   a new state that is still absent, or again, is told as nothing written
//   RESENT           a request may be sent twice on its way, and the client is not told
//   WRONG_CLOCK      a lease may end while its holder counts on it
//   ASK_CLOCK        with it: whether the lease lives is asked the holder's clock, not etcd
// ALLOW_TWO turns off the first assertion, so that the others can be tried alone: with it WRONG_CLOCK
// changes nothing. Nor do these, see README.md:
//   NO_NONCE         who gets no answer to E4 does not look for its nonce, and begins anew
//   NO_CHECK         saves and destroys are sent whatever the clock says

#ifndef PROCESSES
#define PROCESSES 2
#endif
#ifndef TENURES
#define TENURES 3  // acquisitions in all
#endif
#ifndef CHANGES
#define CHANGES 3  // saves and destroys in all
#endif
#ifndef COPIES
#define COPIES 1  // on their way at a time
#endif
#ifndef THERE
#define THERE 0  // 1: the state is there from the beginning
#endif

// The two keys. A revision is only compared with others of the same key, so that each key has a
// count of its own here. 0 is that of a key that is not there.
byte state_mod = THERE;  // of the last change
byte state_id = 0;       // the save that wrote it
byte lock_made = 0;      // the revision at which it was made
byte lock_nonce = 0;     // its value
byte lock_lease = 0;
byte saves_made = THERE;
byte locks_made = 0;

// Sets of leases, a bit for each: those that are alive, and those that their holders, by their own
// clocks, sent the last confirmed keepalive of less than the time to live ago. Only the others end.
byte alive = 0;
byte heard = 0;

byte last_nonce = 0;
byte last_number = 0;  // of saves and destroys

// What only the assertions know: sets of nonces and of numbers.
byte holding = 0;   // from E4 to the end of the guard
byte ended = 0;     // the guard has ended, or the acquisition was given up
byte released = 0;  // E7 was answered
byte applied = 0;   // carried out, and the caller was not told yet what became of it
byte refused = 0;   // the caller was told that nothing was written
byte returned = 0;  // no set: the last number whose caller was told that it is done

mtype = { ACQUIRE, SAVE, DESTROY };
chan wire = [0] of { mtype, byte, byte, byte, byte, byte, bool };

#define bit(i) (1 << (i))
#define has(set, i) (((set) >> (i)) & 1)
#define is_lost (!has(heard, lease))

// Whether a key can be put on the lease.
#ifdef ASK_CLOCK
#define is_proven (!is_lost)
#else
#define is_proven has(alive, lease)
#endif

// The conditions of E4, and of E5 and E6.
#ifdef LOOK_FIRST
#define may_lock (lock_made == 0)
#else
#define may_lock (lock_made == 0 && creating == (state_mod == 0))
#endif
#ifdef NO_MOD
#define may_change (lock_made == made)
#elif defined(NO_LOCK)
#define may_change (state_mod == mod)
#else
#define may_change (lock_made == made && state_mod == mod)
#endif

// Whether the state, which is not as it was, is that of the save under way.
#ifdef NO_SAVE_ID
#define is_my_save (lock_made == made)
#else
#define is_my_save (state_id == number)
#endif

// Whether the state, under a lock that is lost, shows that a save was never carried out.
#ifdef ABSENT_IS_SAME
#define is_untouched (state_mod == mod)
#else
#define is_untouched (state_mod == mod && mod != 0)
#endif

inline make_lock() {  // E4
  assert(!has(ended, nonce) || !has(heard, lease));
  assert(!has(released, nonce));
  locks_made++;
  lock_made = locks_made;
  lock_nonce = nonce;
  lock_lease = lease
}

inline delete_lock() {
  lock_made = 0;
  lock_nonce = 0;
  lock_lease = 0
}

inline end_lease(which) {
  alive = alive & ~bit(which);
  if
  :: lock_lease == which -> delete_lock()
  :: else
  fi
}

inline check_change() {
  assert(lock_nonce == nonce);  // the fence
  assert(number >= returned);
  assert(!has(refused, number));
  applied = applied | bit(number)
}

inline put_state() {  // E5
  check_change();
  saves_made++;
  state_mod = saves_made;
  state_id = number
}

// The guard ends here: others may have the lock before there is an answer.
inline delete_both() {  // E6
  check_change();
  state_mod = 0;
  state_id = 0;
  delete_lock();
  holding = holding & ~bit(nonce)
}

inline take_guard() {
  made = lock_made;
#ifndef READ_FIRST
  mod = state_mod;
#endif
#ifndef ALLOW_TWO
  assert((holding & heard) == 0);
#endif
  assert(creating == (mod == 0));
  holding = holding | bit(nonce)
}

inline forget_change() {
  applied = applied & ~bit(number);
  number = 0;
  repeated = false
}

inline end_guard() {
  forget_change();
  holding = holding & ~bit(nonce);
  ended = ended | bit(nonce);
#ifndef SHARED_LEASE
  heard = heard & ~bit(lease);  // nobody confirms it any more
#endif
  creating = false;
  made = 0;
  mod = 0;
  unknown = 0
}

// Another save may follow, but not if the first was to create the state.
inline fail() {
  if
  :: !creating -> forget_change(); goto held
  :: creating -> end_guard(); goto release
  fi
}

inline say_done() {
  assert(has(applied, number));
  returned = number
}

inline say_lost() {
  assert(!has(applied, number));
  refused = refused | bit(number)
}

inline saved() {
  mod = state_mod;
  unknown = 0;
  creating = false;
  say_done();
  forget_change()
}

// The lock is there and the state is not as it was left: a save before this one was carried out, of
// which nobody knew. Those before that, and this one so far, can come no more.
inline find_out() {
  assert(has(unknown, state_id));
  mod = state_mod;
  unknown = unknown & ~(bit(state_id + 1) - 1);
  repeated = false
}

// The client knows that there may be a copy, for it had no answer. What sends its requests sends none
// twice by itself: src/etcd/curl.cpp.
inline note_copy() {
#ifdef RESENT
  if
  :: skip
  :: repeated = true
  fi
#else
  repeated = true
#endif
}

inline grant() {
#ifdef SHARED_LEASE
  if
  :: session == 0 || !has(heard, session) -> session = nonce
  :: else
  fi;
  lease = session;
#else
  lease = nonce;
#endif
  alive = alive | bit(lease);
  heard = heard | bit(lease)
}

inline give_back() {
#if defined(SHARED_LEASE) || defined(DELETE_ONLY)
  if
  :: lock_nonce == nonce -> delete_lock()
  :: else
  fi;
#else
  end_lease(lease);
#endif
  released = released | bit(nonce)
}

// One for each lease. Its holder is stopped, or cut off, until by its own clock the lock is lost;
// then, or once it is not confirmed any more for other reasons, etcd ends the lease.
#define own (_pid + 1)
#ifdef WRONG_CLOCK
#define may_end has(alive, own)
#else
#define may_end (has(alive, own) && !has(heard, own))
#endif

active [TENURES] proctype clock() {
end_idle:
  do
  :: atomic { has(heard, own) -> heard = heard & ~bit(own) }
  :: atomic { may_end -> end_lease(own) }
  od
}

active [PROCESSES] proctype process() {
  bool creating = false;   // lock_for_new, else lock
  bool repeated = false;   // there may be a copy of the save or destroy under way
  bool untouched = false;  // what the answer to E6 says of the state
  bool gone = false;
  byte seen = 0;           // the lock that is in the way
  byte nonce = 0;
  byte lease = 0;
  byte made = 0;           // L
  byte mod = 0;            // M
  byte number = 0;         // of the save or destroy under way
  byte unknown = 0;        // the set of saves that ended with commit_unknown
#ifdef SHARED_LEASE
  byte session = 0;
#endif

end_idle:
  do
  :: atomic { lock_made != 0 -> seen = lock_made };  // E1 busy
#ifdef LATE_WATCH
     atomic { lock_made != 0 -> seen = lock_made };
#endif
     atomic { lock_made != seen -> seen = 0 }  // E2
  :: atomic { lock_made == 0 && last_nonce < TENURES ->
       creating = (state_mod == 0);  // E1 to be had; what finds no state, or one, has no effect
#ifdef READ_FIRST
       mod = state_mod;
#endif
       last_nonce++;
       nonce = last_nonce;
       grant() };  // E3

acquire:
     if
     :: wire!ACQUIRE(nonce, lease, 0, 0, 0, creating) -> goto acquire  // E4 on its way
     :: atomic { may_lock && has(alive, lease) -> make_lock(); take_guard() }  // E4
     :: atomic { !may_lock && lock_nonce == nonce ->  // E4 a copy did it
#ifdef NO_NONCE
          end_guard(); goto release
#else
          take_guard()
#endif
        }
     :: atomic { !may_lock && lock_nonce != nonce -> end_guard(); goto release }  // E4 too late
     :: atomic { may_lock && !has(alive, lease) -> end_guard(); goto release }  // E4 no lease
     :: atomic { true -> end_guard(); goto release }  // E4 no answer in time
     fi;

held:
     if
     :: atomic { last_number < CHANGES -> last_number++; number = last_number }
     :: atomic { true -> end_guard(); goto release }
     fi;
     if
#ifndef NO_CHECK
     :: atomic { is_lost -> say_lost(); fail() }  // nothing is sent
#endif
#ifdef NO_CHECK
#define may_send true
#else
#define may_send (!is_lost)
#endif
     :: atomic { may_send -> skip }
     :: atomic { may_send && !creating -> goto destroy }
     fi;

save:
     if
     :: wire!SAVE(nonce, lease, made, mod, number, 0) -> note_copy(); goto save  // E5 on its way
     :: atomic { !repeated -> repeated = true; goto save }  // E5 never comes
     :: atomic { may_change -> put_state(); saved(); goto held }  // E5
     :: atomic { !may_change && is_my_save -> saved(); goto held }  // E5 a copy did it
     :: atomic { !may_change && !is_my_save && lock_made == made -> find_out(); goto save }  // E5
     :: atomic { !may_change && !is_my_save && lock_made != made ->  // E5 the lock is lost
          if
          :: repeated && !is_untouched  // commit_unknown
          :: else -> say_lost()
          fi;
          fail() }
     :: atomic { true ->  // E5 no answer in time: commit_unknown
#ifdef TIMEOUT_IS_LOST
          say_lost();
#endif
          unknown = unknown | bit(number);
          fail() }
     fi;

destroy:
     if
     :: wire!DESTROY(nonce, lease, made, mod, number, 0) -> note_copy(); goto destroy  // E6 on its way
     :: atomic { !repeated -> repeated = true; goto destroy }  // E6 never comes
     :: atomic { may_change -> delete_both(); say_done(); end_guard(); goto release }  // E6
     :: atomic { !may_change && lock_made == made -> find_out(); goto destroy }  // E6
     :: atomic { !may_change && lock_made != made ->  // E6 by a copy, or the lock is lost
          untouched = (state_mod == mod);
          gone = (state_mod == 0) }
     :: atomic { true -> end_guard(); goto release }  // E6 no answer in time: commit_unknown
     fi;
     atomic {  // E8 when the answer is there
       if
       :: !untouched && is_proven && (repeated || gone) -> say_done()  // E6 by a copy
       :: untouched || (!repeated && (!is_proven || !gone)) -> say_lost()
       :: !untouched && !is_proven && repeated  // commit_unknown
       fi;
       untouched = false;
       gone = false;
       end_guard()
     };

release:
     if
     :: atomic { true -> give_back(); nonce = 0; lease = 0 }  // E7
     :: atomic { true -> nonce = 0; lease = 0 }               // E7 never comes, or is never sent
     fi
  od
}

active [COPIES] proctype network() {
  mtype kind = 0;
  bool creating = false;
  byte nonce = 0;
  byte lease = 0;
  byte made = 0;
  byte mod = 0;
  byte number = 0;

end_idle:
  do
  :: wire?kind(nonce, lease, made, mod, number, creating);
     atomic {
       if
       :: kind == ACQUIRE && may_lock && has(alive, lease) -> make_lock()  // E4
       :: kind == SAVE && may_change -> put_state()                        // E5
       :: kind == DESTROY && may_change -> delete_both()                   // E6
       :: true  // never, or in vain
       fi;
       kind = 0;
       creating = false;
       nonce = 0;
       lease = 0;
       made = 0;
       mod = 0;
       number = 0
     }
  od
}
