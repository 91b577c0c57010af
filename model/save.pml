// SPDX-License-Identifier: Apache-2.0
//
// Save and destroy on one id against power cuts, killed writers and failing steps.
//
//   S1 to S5  src/posix/replace_file.hpp      D1 D2  src/local/local_lock.hpp
//
// Two writers, which the lock keeps apart (lock.pml shows that it does), and a reader without lock.
// A power cut comes at any step and lands any part of what was not synced, in any order: of a file
// the old bytes, the new ones, none or half of them; of a name anything it led to since the last
// fsync of the root. Half a rename may land too: both names lead to the new file, or neither does.
//
// Each save and destroy takes the next number under the lock. The inode that a save makes has its
// number, and so has the document in it.
//
// Asserted: I2 a load, and what a power cut leaves, is a whole document that a save committed;
// I3 once a save or destroy returned, nothing older is found; I4 a failed save is never found, and
// leaves no temp file.
//
// Macros that change the protocol; each must end in a violation:
//   NO_S3       no fdatasync before the rename
//   LATE_S3     fdatasync after the rename
//   NO_S5       no fsync of the root after the rename
//   NO_D2       no fsync of the root after the unlink
//   IN_PLACE    truncate and write, with an fdatasync
//   REUSE_TEMP  a leftover temp file is truncated instead of removed
//   NO_LOCK     the writers are not kept apart

#ifndef CHANGES
#define CHANGES 4  // saves and destroys in all
#endif
#define WRITERS 2
#define EVERYBODY 7  // two writers and the reader
#define NOBODY 15

// Contents that are no document, and the inode that a free name leads to.
#define NONE 0
#define EMPTY 0
#define TORN 15

// What processes see.
byte state_name = NONE;
byte temp_name = NONE;
byte cached[CHANGES + 1];

// What a power cut leaves: for a file, what fdatasync wrote; for a name, one of a set of inodes.
#define only(inode) (1 << (inode))
byte stored[CHANGES + 1];
byte state_may_be = only(NONE);
byte temp_may_be = only(NONE);

byte holder = NOBODY;  // of the lock
byte last = 0;         // the number given last
byte stopped = 0;      // one bit for each process that was killed and has not begun anew

// What only the assertions know.
byte committed = 0;  // one bit for each save that got past S4
byte unlinked = 0;   // the last destroy that got past D1
byte returned = 0;   // the last change whose caller was told that it is done

#define me _pid
#define bit (1 << _pid)
#define is_committed(v) (v != EMPTY && v != TORN && (committed & (1 << v)))

// What is found now must be no older than `floor`.
inline check(inode, floor) {
  if
  :: inode == NONE -> assert(unlinked >= floor)  // I3
  :: else ->
       assert(is_committed(cached[inode]));  // I2, I4
       assert(cached[inode] >= floor)        // I3
  fi
}

inline rename_temp() {
  state_name = temp_name;
  state_may_be = state_may_be | only(temp_name);
  temp_name = NONE;
  temp_may_be = temp_may_be | only(NONE);
  committed = committed | (1 << number)
}

inline sync_file(inode) { stored[inode] = cached[inode] }

inline sync_root() {
  state_may_be = only(state_name);
  temp_may_be = only(temp_name)
}

inline unlock() {
  if
  :: holder == me -> holder = NOBODY
  :: else
  fi
}

active [WRITERS] proctype writer() {
  byte number = 0;
  byte inode = NONE;

end_idle:
  do
  :: atomic { (stopped & bit) -> stopped = stopped & ~bit }
  :: stopped == 0 && last < CHANGES -> {
#ifdef NO_LOCK
      skip;
#else
      atomic { holder == NOBODY -> holder = me };  // L1 L2 L3
#endif
      if
      :: atomic { last < CHANGES -> last++; number = last }
      :: atomic { last == CHANGES -> unlock(); goto end_idle }
      fi;
      if
      :: skip
      :: state_name != NONE -> goto destroy
      fi;

#ifdef IN_PLACE
      if
      :: atomic { state_name == NONE ->
           inode = number;
           state_name = inode;
           state_may_be = state_may_be | only(inode) }
      :: atomic { state_name != NONE -> inode = state_name; cached[inode] = EMPTY }
      fi;
      atomic { cached[inode] = TORN; committed = committed | (1 << number) };
      cached[inode] = number;
      atomic { sync_file(inode) };
      goto commit;
#endif

      if
      :: atomic { temp_name == NONE -> inode = number }  // S1 the name is free: O_EXCL
#ifdef REUSE_TEMP
      :: atomic { temp_name != NONE -> inode = temp_name; cached[inode] = EMPTY }
#else
      :: atomic { temp_name != NONE ->                    // S1 EEXIST: a leftover is removed
           temp_name = NONE;
           temp_may_be = temp_may_be | only(NONE);
           inode = number }
#endif
      :: goto failed  // S1 fails
      fi;
      atomic {  // S1
        temp_name = inode;
        temp_may_be = temp_may_be | only(inode)
      };
      cached[inode] = TORN;  // S2 the first half
      if
      :: cached[inode] = number  // S2 the rest
      :: goto failed             // S2 fails
      fi;
#if !defined(NO_S3) && !defined(LATE_S3)
      if
      :: atomic { sync_file(inode) }  // S3
      :: goto failed                  // S3 fails
      fi;
#endif
      if
      :: atomic { temp_name != NONE -> rename_temp() }  // S4
      :: goto failed                                    // S4 fails
      fi;
#ifdef LATE_S3
      atomic { sync_file(inode) };
#endif
      goto commit;

failed:
      atomic { temp_name = NONE; temp_may_be = temp_may_be | only(NONE) };
      atomic {
        assert(temp_name == NONE);  // I4
        goto release
      };

destroy:
      atomic {  // D1
        state_name = NONE;
        state_may_be = state_may_be | only(NONE);
        unlinked = number
      };
#ifdef NO_D2
      goto done;
#endif

commit:
#ifndef NO_S5
      if
      :: atomic { sync_root() }  // S5, D2
      :: goto release            // S5, D2 fail: commit_unknown
      fi;
#endif

done:
      returned = number;

release:
      atomic { unlock(); number = 0; inode = NONE }
    } unless {
      atomic { (stopped & bit) ->
        stopped = stopped & ~bit;
        unlock();
        number = 0;
        inode = NONE }
    }
  od
}

active proctype reader() {
  byte inode = NONE;
  byte floor = 0;

  do
  :: atomic { (stopped & bit) -> stopped = stopped & ~bit }
  :: stopped == 0 -> {
      atomic { inode = state_name; floor = returned };        // open
      atomic { check(inode, floor); inode = NONE; floor = 0 }  // read
    } unless {
      atomic { (stopped & bit) -> stopped = stopped & ~bit; inode = NONE; floor = 0 }
    }
  od
}

// One name lands on one of the inodes that it may be.
inline land_name(name, may_be) {
  name = NONE;
  do
  :: may_be & only(name) -> break
  :: (may_be >> (name + 1)) != 0 -> name++
  od;
  may_be = only(name)
}

// What was not synced of a file lands whole, half, not at all, or as nothing.
inline land_files() {
  i = 1;
  do
  :: i > CHANGES -> break
  :: i <= CHANGES && cached[i] == stored[i] -> i++
  :: i <= CHANGES && cached[i] != stored[i] ->
       if
       :: skip
       :: cached[i] = TORN
       :: cached[i] = EMPTY
       :: cached[i] = stored[i]
       fi;
       stored[i] = cached[i];
       i++
  od;
  i = 0
}

// Cuts the power or kills the writer that holds the lock, at any step and any number of times.
active proctype power() {
  byte i = 0;

end_idle:
  do
  :: atomic { stopped == 0 && holder != NOBODY -> stopped = 1 << holder }
  :: atomic { stopped == 0 ->
       land_files();
       land_name(state_name, state_may_be);
       land_name(temp_name, temp_may_be);
       check(state_name, returned);
       stopped = EVERYBODY }
  od
}
