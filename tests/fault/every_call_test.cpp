// SPDX-License-Identifier: Apache-2.0
//
// Every operation with every one of its system calls failing, once and from then on, with every
// error that the call can have there.
//
// The expectation is written down as a function of the call that failed, not copied from a run:
// what must come out follows from docs/design.md, above all that commit_unknown means a failure of
// S5 or D2 and nothing else, and that a failure before the commit leaves the old document.
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include "fault/errnos.hpp"
#include "fault/world.hpp"

namespace latchfile::test {
namespace {

using Call = FaultKernel::Call;
using Record = FaultKernel::Record;

bool is_lock_file(const Record& call) { return call.name.ends_with(".lock"); }
bool is_temp_file(const Record& call) { return call.name.ends_with(".state.tmp"); }
bool reads_proc(const Record& call) { return call.name.starts_with("/proc/"); }
/// How often these are called depends on what other processes do, in the directories above the root
/// as well.
bool depends_on_others(const Record& call) {
  return reads_proc(call) || call.call == Call::inotify_add_watch;
}
/// Whether it is for the fsync of the root.
bool syncs_names(const Record& call) { return call.name == "."; }
bool is_state(const Record& call) { return call.name.ends_with(".state"); }

bool takes_over_a_lock_file(const Operation& operation) {
  return operation.name == std::string_view("LockForNewOverLeftover");
}

/// Whether this call, if it does not fail, makes the change visible.
bool commits(const Record& call) {
  if (call.failed) return false;
  return call.call == Call::renameat || (call.call == Call::unlinkat && is_state(call));
}

/// Whether the operation goes on as if nothing had happened.
bool is_tolerated(const Operation& operation, const Record& call, int error, bool temp_is_written) {
  const bool sync = call.call == Call::fsync || call.call == Call::fdatasync;
  // D2 of a destroy that may have been killed.
  if (syncs_names(call) && takes_over_a_lock_file(operation)) return true;
  if (error == EINTR) return !sync;  // neither of them is ever tried again
  // Only what was written can be lost at close.
  if (call.call == Call::close) return !is_temp_file(call) || !temp_is_written;
  if (call.call == Call::openat && (call.flags & O_EXCL) != 0 && error == EEXIST) return true;
  if (call.call == Call::fstatat && is_lock_file(call) && error == ENOENT) return true;  // L3
  if (call.call == Call::flock && call.flags == LOCK_UN) return true;  // closing does it as well
  const bool tidies_up = is_lock_file(call) || is_temp_file(call);
  if (call.call == Call::unlinkat && tidies_up && operation.after == operation.before) return true;
  // The parent of a directory that others made is synced if it can be opened at all.
  const bool opens_parent = call.call == Call::openat && call.name.starts_with('/') &&
                            (call.flags & O_DIRECTORY) != 0 && (call.flags & O_PATH) == 0;
  const bool makes_root = operation.name == std::string_view("CreateInNewRoot");
  const bool of_others = !makes_root || call.name.find("latchfile-test") == call.name.npos;
  if (opens_parent && error == EACCES && of_others) return true;
  if (reads_proc(call)) return true;  // the holder is named without its command
  if (call.call == Call::flock_until && error == ETIMEDOUT) return true;
  // W1: what is above the root need not be readable while the root is there.
  if (call.call == Call::inotify_add_watch && error == EACCES) return !call.name.ends_with("/root");
  if (call.call == Call::readlinkat && (error == ENOENT || error == EINVAL)) return true;
  if (call.call == Call::read && call.name == "inotify" && error == EAGAIN) return true;  // W3
  const bool follows = operation.name == std::string_view("Watch");
  if (follows && call.call == Call::getdents64 && error == ENOENT) return true;  // W2: it went
  const bool is_busy = call.call == Call::flock && error == EWOULDBLOCK;
  if (is_busy && operation.outcome == Errc::timed_out) return true;
  // A reader that cannot have the shared lock looks again without.
  const bool settles = operation.outcome == Errc::corrupt && is_lock_file(call);
  return settles && !is_busy;
}

/// How the operation must end if `call` fails with `error` and is not tolerated; nothing: well.
std::optional<Errc> outcome_of(const Operation& operation, const Record& call, int error,
                               bool committed) {
  if (committed && syncs_names(call)) return Errc::commit_unknown;  // S5, D2
  // Limits that inotify has for each user.
  if (call.call == Call::inotify_init1 && error == EMFILE) return Errc::unavailable;
  if (call.call == Call::inotify_add_watch && error == ENOSPC) return Errc::unavailable;
  if (call.call == Call::flock && error == EWOULDBLOCK) return Errc::locked;
  if (error == ENOLCK || error == EOPNOTSUPP) return Errc::unsupported;
  if (call.call == Call::openat && (is_lock_file(call) || is_state(call))) {
    if (error == ELOOP || error == ENXIO || error == EISDIR) return Errc::insecure;
    if (error == ENOENT) {
      const bool of_all = operation.name == std::string_view("LoadAll") ||
                          operation.name == std::string_view("Watch");
      return of_all ? std::nullopt : std::optional(Errc::not_found);
    }
  }
  return Errc::io;
}

/// How the operation must end after these calls, of which the failed ones failed with `error`.
std::optional<Errc> expected_outcome(const Operation& operation, const std::vector<Record>& calls,
                                     int error) {
  bool committed = false;
  bool temp_removed = false;
  bool temp_is_written = false;
  for (const auto& call : calls) {
    // To create a file is tried twice, not for ever.
    const bool again = temp_removed && is_temp_file(call) && error == EEXIST;
    if (call.failed && (again || !is_tolerated(operation, call, error, temp_is_written))) {
      return outcome_of(operation, call, error, committed);
    }
    committed = committed || commits(call);
    temp_is_written = temp_is_written || (call.call == Call::write && is_temp_file(call));
    if (is_temp_file(call) && !call.failed) {
      temp_removed = call.call == Call::unlinkat || (temp_removed && call.call != Call::openat);
    }
  }
  return operation.outcome;
}

/// Endings of names that may be left behind after these calls.
std::vector<std::string> excused_leftovers(const Operation& operation,
                                           const std::vector<Record>& calls) {
  std::vector<std::string> endings;
  // A lock file that was there stays where the lock was not taken, and until D2 is done.
  if (takes_over_a_lock_file(operation)) endings.emplace_back(".lock");
  for (const auto& call : calls) {
    if (!call.failed) continue;
    if (call.call == Call::unlinkat) endings.push_back(call.name);
    // Whether the lock is held, or whether the id has a state, is not known, and only who knows
    // both may unlink the lock file.
    const bool in_the_dark =
        call.call == Call::flock || call.call == Call::fstat || call.call == Call::fstatat;
    if (in_the_dark) endings.push_back(".lock");
  }
  return endings;
}

void expect_outcome(const std::optional<Errc>& expected, const Result<>& result, int error,
                    const std::optional<Errc>& without_fault) {
  if (!expected) {
    EXPECT_TRUE(result) << result.error().message();
    return;
  }
  ASSERT_FALSE(result) << "succeeded, but should have failed: " << to_string(*expected);
  EXPECT_EQ(to_string(result.error().code), to_string(*expected)) << result.error().message();
  EXPECT_EQ(result.error().message().find('\n'), std::string::npos);
  const bool names_errno =
      *expected == Errc::io || *expected == Errc::unsupported || *expected == Errc::commit_unknown;
  if (names_errno && expected != without_fault) {
    EXPECT_EQ(result.error().sys_errno, error);
  }
}

/// Says whether the fault was injected where it was meant.
bool fail_one_call(const Operation& operation, const Record& call, FaultKernel::Fault fault) {
  World world(operation);
  world.kernel().arm(fault);
  const auto result = world.act();
  const auto calls = world.kernel().calls();
  if (calls.size() < fault.nth || calls[fault.nth - 1].call != call.call) {
    EXPECT_TRUE(std::ranges::any_of(calls, depends_on_others)) << "not the same calls each time";
    return false;
  }
  expect_outcome(expected_outcome(operation, calls, fault.error), result, fault.error,
                 operation.outcome);
  const bool done = result || std::ranges::any_of(calls, commits);
  EXPECT_EQ(world.document(), done ? operation.after : operation.before);
  world.check_order(excused_leftovers(operation, calls));
  return true;
}

class EveryCall : public testing::TestWithParam<Operation> {};

TEST_P(EveryCall, Fails) {
  const auto& operation = GetParam();
  std::vector<Record> calls;
  {
    World world(operation);
    world.kernel().arm();
    expect_outcome(operation.outcome, world.act(), 0, operation.outcome);
    calls = world.kernel().calls();
    EXPECT_EQ(world.document(), operation.after);
    world.check_order({});
  }

  std::size_t faults = 0;
  for_each_fault(calls, [&](const Record& call, const FaultKernel::Fault& fault) {
    if (fail_one_call(operation, call, fault)) ++faults;
  });
  RecordProperty("faults", static_cast<int>(faults));
  EXPECT_GE(faults, operation.least_faults);
}

INSTANTIATE_TEST_SUITE_P(Fault, EveryCall, testing::ValuesIn(operations()),
                         [](const auto& operation) { return std::string(operation.param.name); });

}  // namespace
}  // namespace latchfile::test
