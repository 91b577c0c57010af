// SPDX-License-Identifier: Apache-2.0
//
// The lock on one id, and create, destroy and repair under it, among processes that may be killed.
//
//   L1 L2 L3  src/posix/lock_file.hpp       D1 to D4, and the lock of an id without state
//   S4        src/posix/replace_file.hpp    src/local/local_lock.hpp
//
// One system call is one atomic step, and between any two of them every other process may run or
// be killed. S1, S2, S3, S5 and D2 change nothing that another process could see here: they are
// the subject of save.pml. README.md says what else is left out and how to read a counterexample.
//
// Asserted: I1 one guard at a time; I5 one creator for each life of the state; nobody saves or
// destroys a state that is not there; no deadlock; no lock file without a state is left behind
// but by processes that were killed.
//
// Macros that change the protocol; each must end in a violation:
//   NO_L3          the re-check is left out
//   GVISOR_ORDER   as gVisor's state_file.go does it: plain O_CREAT, no re-check, unlink, unlock
//   D4_BEFORE_D3   the lock file is unlinked after it was closed
//   LOOK_FIRST     a create looks for the state before it takes the lock, and not under it
//   VACANT_KEPT    a lock that finds no state, or a vacancy dropped unused, leaves its lock file
//   KILLED_KEEPS   a killed process keeps its lock, as a lock made of O_EXCL files would
//   REPAIR_BLIND   a repair unlinks the lock file of an id without state, and takes no lock
// and one that adds to it:
//   SHARED_READER  loads that found a torn document, as only a foreign writer leaves one, and read
//                  it again under a shared lock: breaks the last assertion and no other, README.md
// ALLOW_ORPHANS turns off the last assertion, so that the others can be tried alone.

#define N 3     // processes
#define NONE 0  // no inode
#define NOBODY N

#define FREE 0
#define EXCLUSIVE 1
#define SHARED 2

// The file system. The lock file has no other name, so that its link count is 1 while the name
// leads to it and 0 from then on.
byte named = NONE;   // the inode that ID.lock leads to
bool state = false;  // whether ID.state exists

// The kernel's table of open files: a killed process loses its entry, and with it its lock.
byte fd[N];    // the inode that the process has open
byte held[N];  // the flock of that descriptor

// What only the assertions know.
byte guards = 0;        // one bit for each process between L3 and the end of its guard
byte readers = 0;       // the same for shared locks
bool orphaned = false;  // the process that would have removed the lock file was killed
byte victim = NOBODY;

#define me _pid
#define bit (1 << _pid)
#define is_open(i) (fd[0] == i || fd[1] == i || fd[2] == i)
#define has(p, i, how) (fd[p] == i && held[p] == how)
#define has_one(i, how) (has(0, i, how) || has(1, i, how) || has(2, i, how))
#define is_free(i) (!has_one(i, EXCLUSIVE) && !has_one(i, SHARED))

// A free inode gets the name. An inode is free once it has neither name nor descriptor, which is
// why the numbers that L3 compares cannot deceive. At most two others have one open: 3 are enough.
inline make_lock_file() {
  if
  :: !is_open(1) -> named = 1
  :: is_open(1) && !is_open(2) -> named = 2
  :: is_open(1) && is_open(2) -> assert(!is_open(3)); named = 3
  fi;
  fd[me] = named
}

inline check_orphans() {
#ifndef ALLOW_ORPHANS
  assert(orphaned || state || named == NONE || is_open(named))
#else
  skip
#endif
}

inline close_fd() {
  fd[me] = NONE;
  held[me] = FREE;
  guards = guards & ~bit;
  readers = readers & ~bit;
  check_orphans()
}

// The guard ends here: what still has the inode open cannot pass L3 with it any more.
inline unlink_lock_file() {
  named = NONE;
  orphaned = false;
  guards = guards & ~bit
}

inline take_guard() {
  assert(guards == 0 && readers == 0);  // I1
  guards = guards | bit;
  orphaned = false
}

active [N] proctype process() {
  bool creating = false;  // lock_for_new, else lock
  bool patient = false;   // Wait::forever(), else a wait that may end whenever the lock is busy

  do
  :: break
  :: true -> {
      // What each operation looks at before it takes the lock.
      if
      :: atomic { state -> skip }                                   // lock
      :: atomic { !state && named != NONE -> skip } -> goto repair  // check --repair
#ifdef LOOK_FIRST
      :: atomic { !state -> creating = true }
#else
      :: creating = true  // lock_for_new
#endif
#ifdef SHARED_READER
      :: atomic { state -> skip } -> goto load_again  // load, of what looked torn
#endif
      fi;

take:
      if
      :: patient = true
      :: skip
      fi;

again:
#ifdef GVISOR_ORDER
      atomic {  // L1, plain O_CREAT
        if
        :: named == NONE -> make_lock_file()
        :: else -> fd[me] = named
        fi
      };
#else
      if
      :: atomic { named != NONE -> fd[me] = named }  // L1 open
      :: atomic { named == NONE -> skip };           // L1 ENOENT
         if
         :: atomic { named == NONE -> make_lock_file() }  // L1 O_CREAT|O_EXCL
         :: atomic { named != NONE -> goto again }        // L1 EEXIST
         fi
      fi;
#endif
      if
      :: atomic { is_free(fd[me]) -> held[me] = EXCLUSIVE }  // L2
      :: atomic { !is_free(fd[me]) && !patient ->            // L2 locked, timed_out
           close_fd();
           goto done }
      fi;
#if defined(NO_L3) || defined(GVISOR_ORDER)
      atomic { take_guard() };
#else
      // fstat and fstatat in one step: an inode whose link count is 0 never gets the name again.
      if
      :: atomic { named == fd[me] -> take_guard() }  // L3
      :: atomic { named != fd[me] ->                 // L3 unlinked meanwhile
           close_fd();
           if
           :: goto again
           :: !patient -> goto done  // L3 timed_out
           fi }
      fi;
#endif
#ifdef LOOK_FIRST
      if
      :: creating -> goto vacancy
      :: else
      fi;
#endif
      if  // What stands there is looked at under the lock.
      :: atomic { state && creating -> goto release }  // already_exists
      :: atomic { state && !creating -> goto locked_state }
      :: atomic { !state && creating -> goto vacancy }
      :: atomic { !state && !creating -> goto vacant }  // not_found
      fi;

vacancy:
      if
      :: atomic { true ->  // S4 create
           assert(!state);  // I5
           state = true;
           creating = false }
      :: goto vacant  // the vacancy is dropped, or its save failed
      fi;

locked_state:
      do
      :: atomic { true -> assert(state) }  // S4 save
      :: goto release
      :: atomic { true ->  // D1
           assert(state);
           state = false } -> break
      od;
      goto unlink;

vacant:
#if defined(GVISOR_ORDER) || defined(VACANT_KEPT)
      goto release;
#endif

unlink:
#ifdef D4_BEFORE_D3
      atomic { close_fd() };  // D4
      atomic { unlink_lock_file() };  // D3
      goto done;
#else
      atomic { unlink_lock_file() };  // D3
#endif

release:
      atomic { close_fd() };  // D4, and the end of every guard
      goto done;

repair:
#ifdef REPAIR_BLIND
      atomic { unlink_lock_file() };
      goto done;
#else
      goto take;  // as lock: what finds no state removes the lock file
#endif

#ifdef SHARED_READER
load_again:
      if
      :: atomic { named != NONE -> fd[me] = named }  // L1 open
      :: atomic { named == NONE -> goto done }       // L1 ENOENT: a reader makes no file
      fi;
      if
      :: atomic { !has_one(fd[me], EXCLUSIVE) -> held[me] = SHARED }     // L2
      :: atomic { has_one(fd[me], EXCLUSIVE) -> close_fd(); goto done }  // L2 timed_out
      fi;
      if
      :: atomic { named == fd[me] ->  // L3
           assert(guards == 0);       // I1
           readers = readers | bit }
      :: atomic { named != fd[me] -> close_fd(); goto load_again }  // L3 unlinked
      fi;
      goto release;
#endif

done:
      atomic { creating = false; patient = false }
    } unless {
      // Killed: the kernel closes the descriptor. Whatever the process had still to do is not done.
      atomic { victim == me ->
        victim = NOBODY;
#ifdef KILLED_KEEPS
        goto dead;
#endif
        if
        :: fd[me] == named -> orphaned = true
        :: else
        fi;
        close_fd();
        creating = false;
        patient = false }
    }
  od
#ifdef KILLED_KEEPS
dead:
  skip
#endif
}

// Kills at any step, as often as it likes, those that have something to lose. It may also stop, and
// with it everyone but a process that waits: a wait without end shows as an invalid end state.
active proctype killer() {
  do
  :: atomic { victim == NOBODY && fd[0] != NONE -> victim = 0 }
  :: atomic { victim == NOBODY && fd[1] != NONE -> victim = 1 }
  :: atomic { victim == NOBODY && fd[2] != NONE -> victim = 2 }
  :: break
  od
}
