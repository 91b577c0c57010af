// SPDX-License-Identifier: Apache-2.0
//
// oci: the state of a container as the OCI runtime specification has it, in a type that cannot be
// wrong about its process, and whether that process is still there.
//
//   creating ---> created ---> running <--> paused
//      |             |            |            |
//      +-------------+------------+------------+---> stopped
//
// A container that is created, running or paused has a process; one that is stopped has none; one
// that is being created may have one already. Calling sequence of a runtime:
//
//   auto state = oci::State::creating({.id = "web", .bundle = "/srv/web"});
//   store.create(id, Wait::never(), state->document());
//   auto process = oci::Process::of(pid);               // after fork(), before anyone reaps it
//   oci::update(store, id, wait, [&](const oci::State& now) { return now.to_created(*process); });
//   oci::update(store, id, wait, &oci::State::to_running);
//   oci::wait_for(store, id, wait, [](const oci::Seen& now) { return now.status == "stopped"; });
//
// A state is a Document whose members have been read: members that are not named here, the order of
// all, annotations and the spelling of numbers survive each step, as edit.hpp has it.
//
// Threads and processes: everything here is a value or a function of values, safe in any thread.
// What is asked about a process is asked of /proc at each call, and nothing is kept in between.
//
// Not promised: that a process that is alive is so a moment later. That a state written on another
// machine is understood: its boot id is another, so that its process counts as dead. Only settle
// and wait_for, which are given the store, take it as it is stored in one that machines share. The
// same for a reader in another time namespace, where the kernel shows other start times.
//
// Present if the library was built with LATCHFILE_WITH_JSON.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <variant>
#include <vector>

#include "latchfile/container_id.hpp"
#include "latchfile/document.hpp"
#include "latchfile/error.hpp"
#include "latchfile/export.hpp"
#include "latchfile/store.hpp"
#include "latchfile/wait.hpp"

namespace latchfile::oci {

/// What is known of a process just now, and why.
struct Liveness {
  enum class Verdict {
    alive,
    dead,  ///< it has ended, reaped or not, or another process has its pid, or the boot is another
    unknown,  ///< it cannot be seen from here: take it neither for alive nor for dead
  };
  Verdict verdict;
  /// It is alive if nobody else was given its pid since: no start time was recorded.
  bool by_pid_alone = false;
  std::string reason;  ///< one line for people, for example "pid 4711 is a zombie"
};

/// One process, and not whoever has its pid next: the pid together with when the process started,
/// in which boot, and in which pid namespace the pid means it. Only the pid is always known.
class LATCHFILE_EXPORT Process {
 public:
  /// The process that has `pid` now, in the pid namespace of the caller.
  ///
  /// Errors: invalid_argument: not a pid; not_found: there is none, or it has ended; unsupported:
  /// /proc is not there, hides the process, or is that of another pid namespace; io.
  [[nodiscard]] static Result<Process> of(pid_t pid);

  /// A process as somebody noted it. An empty `boot_id` is one that is not known.
  /// Errors: invalid_argument: not a pid.
  [[nodiscard]] static Result<Process> recorded(pid_t pid,
                                                std::optional<std::uint64_t> start_time = {},
                                                std::string boot_id = {},
                                                std::optional<std::uint64_t> pid_namespace = {});

  /// Positive.
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// In clock ticks after boot, field 22 of /proc/PID/stat.
  [[nodiscard]] std::optional<std::uint64_t> start_time() const { return start_time_; }
  /// What /proc/sys/kernel/random/boot_id said; empty if it is not known.
  [[nodiscard]] const std::string& boot_id() const { return boot_id_; }
  /// The inode number of the /proc/self/ns/pid of whoever noted the pid.
  [[nodiscard]] std::optional<std::uint64_t> pid_namespace() const { return pid_namespace_; }

  /// What is not known is taken to be as here and now. Another boot: dead. Another pid namespace:
  /// unknown. A zombie is dead. Without a start time: alive by the pid alone.
  [[nodiscard]] Liveness liveness() const;

  [[nodiscard]] friend bool operator==(const Process&, const Process&) = default;

 private:
  explicit Process(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  std::optional<std::uint64_t> start_time_;
  std::string boot_id_;
  std::optional<std::uint64_t> pid_namespace_;
};

struct Creating {
  std::optional<Process> process;
};
struct Created {
  Process process;
};
struct Running {
  Process process;
};
struct Paused {
  Process process;
};
struct Stopped {};

using Status = std::variant<Creating, Created, Running, Paused, Stopped>;

/// As it is written: "creating", "created", "running", "paused" or "stopped".
[[nodiscard]] LATCHFILE_EXPORT std::string_view to_string(const Status& status);

/// The process that the status has; null if it has none.
[[nodiscard]] LATCHFILE_EXPORT const Process* process_of(const Status& status);

using Annotations = std::vector<std::pair<std::string, std::string>>;

/// What is known of a container before it has a state.
struct Container {
  std::string id;
  std::string bundle;                 ///< absolute path
  std::string oci_version = "1.0.2";  ///< of the specification that the runtime follows
  /// Those of its config.json.
  Annotations annotations = {};
};

/// The state of one container: an immutable value. The to_… functions return what comes next, and
/// fail with invalid_argument, naming what would be allowed, where the picture above has no arrow.
class LATCHFILE_EXPORT State {
 public:
  /// A new state, `creating`. Errors: invalid_argument: a member is empty or not UTF-8, an
  /// annotation is there twice, or the bundle is no absolute path; too_large.
  [[nodiscard]] static Result<State> creating(const Container& container,
                                              std::optional<Process> process = {});

  /// Reads an OCI state. A pid of 0 or -1 stands for none, as crun and runsc write it, where there
  /// may be none.
  ///
  /// Errors: invalid_argument: ociVersion, id, status or bundle is missing, is no string or is
  /// there twice; the status is another than the five; the pid is not one, or is missing where
  /// there must be one; an annotation is no string. The context says which.
  [[nodiscard]] static Result<State> parse(const Document& document);

  /// The bytes that were parsed, or what the steps since have made of them.
  [[nodiscard]] const Document& document() const { return document_; }

  [[nodiscard]] const std::string& oci_version() const { return container_.oci_version; }
  [[nodiscard]] const std::string& id() const { return container_.id; }
  [[nodiscard]] const std::string& bundle() const { return container_.bundle; }
  /// In the order of the document.
  [[nodiscard]] const Annotations& annotations() const { return container_.annotations; }
  [[nodiscard]] const Status& status() const { return status_; }
  [[nodiscard]] const Process* process() const { return process_of(status_); }

  /// Of one that is `creating`: notes its process. A runtime that dies before the container is
  /// created then leaves a state that says what is to be killed.
  [[nodiscard]] Result<State> with_process(const Process& process) const;
  [[nodiscard]] Result<State> to_created(const Process& process) const;
  /// From `created` or `paused`.
  [[nodiscard]] Result<State> to_running() const;
  [[nodiscard]] Result<State> to_paused() const;
  /// Forgets the process.
  [[nodiscard]] Result<State> to_stopped() const;

 private:
  State(Document document, Container container, Status status);

  Document document_;
  Container container_;
  Status status_;
};

/// The status to show: `stopped` if its process is dead, whatever is stored; else as stored. Writes
/// nothing.
[[nodiscard]] LATCHFILE_EXPORT Status effective_status(const State& state);

/// Read, change, save under one lock, as Store::update. Returns what was saved.
/// Errors: those of Store::update, State::parse and `change`; then nothing was saved.
[[nodiscard]] LATCHFILE_EXPORT Result<State> update(
    const Store& store, const ContainerId& id, Wait wait,
    const std::function<Result<State>(const State&)>& change);

/// Writes down that a container is stopped, if its process is dead. Takes the lock only then, and
/// looks again, at the document that it finds under the lock: a container that was started anew
/// meanwhile stays as it is. Returns the state as it is stored now.
///
/// Errors: those of Store::load, Store::lock, LockedState::save and State::parse.
[[nodiscard]] LATCHFILE_EXPORT Result<State> settle(const Store& store, const ContainerId& id,
                                                    Wait wait);

/// A container as it is at one moment, for whoever waits for it.
struct Seen {
  /// What is stored, or why it cannot be read; nothing if there is no such container.
  std::optional<Result<Snapshot>> state = {};
  /// As `latchfile list` shows it, in documents of every runtime: as stored, but "stopped" if the
  /// process is dead. Empty without a document that has one.
  std::string status = {};
};

/// Waits until `condition` is true. It is asked of what there is now, and again after each change
/// of the document and once the process that the document names has ended, reaped or not. Changes
/// in between may be merged, and the last one is seen: see <latchfile/watch.hpp>. Takes no lock and
/// writes nothing. Returns what the condition is true of.
///
/// The end of a process is waited for through a pidfd; where the kernel has none (before Linux
/// 5.3) it is looked for every 20 ms. That of a process that cannot be seen from here, one in
/// another pid namespace, is not noticed.
///
/// Errors: timed_out: it has not become true; whatever `condition` fails with, which ends the wait;
/// as Store::watch and Watch::next.
[[nodiscard]] LATCHFILE_EXPORT Result<Seen> wait_for(
    const Store& store, const ContainerId& id, Wait wait,
    const std::function<Result<bool>(const Seen&)>& condition);

}  // namespace latchfile::oci
