// SPDX-License-Identifier: Apache-2.0
//
// A watch against writers, roots that come and go, and a queue of notes that is too short.
//
//   W1 to W5  src/local/watch.hpp
//
// One id, two directories that may be the root in turn, or neither, and a writer that changes the
// document and the root in any order, also that of a directory which is the root no more. A link or
// a directory above the root is as the root itself: a name in a directory that is watched. The queue
// holds few notes, and then one that says that there were more.
//
// A document is a number; each change makes the next one. Asserted, whenever everything that was
// noted has been read and nothing is left to be loaded: what was told last is what is stored.
//
// Macros that change the protocol; each must end in a violation:
//   LIST_FIRST  what is there is loaded before it is watched
//   LOOK_FIRST  the root is looked up before the way to it is watched
//   NO_WAY      only the root is watched
//   SAME_ROOT   the root that was found first stays the one that is watched
//   NO_RESCAN   lost notes are passed over
//   LOAD_FIRST  a document is loaded before the note of its change is read

#ifndef CHANGES
#define CHANGES 5  // of the document and the root, in all
#endif
#define QUEUE 2
#define NONE 0

byte root = NONE;  // 1 or 2: the directory that the name leads to
byte stored[3];    // the document in each; stored[NONE] is that of no root
byte last = 0;     // the number given last

bool way_watched = false;
byte root_watched = NONE;

mtype = { OF_STATE, OF_WAY };
chan notes = [QUEUE] of { mtype };
bool lost = false;  // the note behind all others that there were more

byte told = NONE;
bool at_rest = false;  // the watcher has nothing left to do but to read notes

#define is_noted (len(notes) > 0 || lost)

inline note(kind) {
  if
  :: full(notes) -> lost = true
  :: nfull(notes) && !lost -> notes!kind
  :: nfull(notes) && lost -> skip  // behind those that were lost
  fi
}

inline change_document(where) {
  last++;
  if
  :: stored[where] = last
  :: stored[where] = NONE
  fi;
  if
  :: root_watched == where -> note(OF_STATE)
  :: else
  fi
}

inline change_root(to) {
  last++;
  root = to;
  if
  :: way_watched -> note(OF_WAY)
  :: else
  fi
}

active proctype writer() {
  do
  :: atomic { last < CHANGES && root != NONE -> change_document(root) }
  :: atomic { last < CHANGES && root != 1 -> change_root(1) }
  :: atomic { last < CHANGES && root != 2 -> change_root(2) }
  :: atomic { last < CHANGES && root != NONE -> change_root(NONE) }
  :: atomic { last < CHANGES && root != 1 -> change_document(1) }
  :: last == CHANGES -> break
  od
}

active proctype watcher() {
  byte found;
  byte loaded;
begin:
  at_rest = false;
#ifdef LIST_FIRST
  loaded = stored[root];
#endif
#ifdef LOOK_FIRST
  found = root;
#endif
#ifndef NO_WAY
  way_watched = true;  // W1
#endif
#ifndef LOOK_FIRST
  found = root;  // W1
#endif
#ifdef SAME_ROOT
  if
  :: root_watched == NONE -> root_watched = found
  :: else
  fi;
#else
  root_watched = found;  // W1
#endif
#ifdef LIST_FIRST
  goto tell;
#endif
load:
  found = root;            // W2, or W4: the root is looked up for each load
  loaded = stored[found];  // W4
tell:
  told = loaded;  // W5
#ifdef LOAD_FIRST
  found = root;
  loaded = stored[found];
#endif
  at_rest = true;
  if
  :: atomic { notes?OF_STATE -> at_rest = false };  // W3
#ifdef LOAD_FIRST
     goto tell
#else
     goto load
#endif
  :: atomic { notes?OF_WAY -> at_rest = false };  // W3
     goto begin
  :: atomic { empty(notes) && lost -> lost = false; at_rest = false };  // W3
#ifdef NO_RESCAN
     goto tell
#else
     goto begin
#endif
  :: atomic { last == CHANGES && !is_noted -> skip }
  fi
}

active proctype checker() {
  atomic {
    at_rest && !is_noted && last == CHANGES;
    assert(told == stored[root])
  }
}
