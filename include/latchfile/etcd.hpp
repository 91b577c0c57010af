// SPDX-License-Identifier: Apache-2.0
//
// open_etcd: a store under a prefix in etcd, shared by processes on any number of machines. In the
// library latchfile-etcd (CMake: latchfile::etcd), which brings libcurl. docs/etcd.md has the keys,
// the protocol and its limits.
//
// A lock lives on a lease, which a thread of this library renews while the process lives. If that
// stops, because the process is stopped, killed or cut off, the lock is free after
// EtcdOptions::ttl. So a guard can lose its lock: save and destroy then answer lock_lost, and
// nothing is written over what another holder wrote. What else a program does under a lock must
// bear that.
//
// commit_unknown says here that there was no answer: the change was made, or may yet be, or not.
// The guard still has its lock, and its next save finds out; current() is the new document
// meanwhile. What one that is lost has left unknown stays so. No power cut undoes a change that was
// confirmed, as long as a quorum of etcd keeps its disks.
//
// Threads and processes: as <latchfile/store.hpp>. Once a lock was taken the process has one thread
// more, with all signals blocked, until it ends; a forked child has none. A guard's end waits for
// etcd, at most two seconds.
//
// Not promised, other than in a directory: a descriptor for a child (LockedState::descriptor is
// -1), the waiters of LockHolder, Store::check, documents larger than the --max-request-bytes of
// etcd, 1.5 MiB unless it is set up otherwise.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "latchfile/error.hpp"
#include "latchfile/export.hpp"
#include "latchfile/store.hpp"

namespace latchfile {

struct EtcdOptions {
  /// How long the lock of a holder lasts that is not heard of any more, 1 s at least. Every lock is
  /// confirmed three times in that. Must be longer than an election of etcd takes.
  std::chrono::seconds ttl{10};
  /// How long an operation goes on for want of an answer, whatever it waits for besides.
  std::chrono::milliseconds patience{15000};
  /// The authorities that the servers' certificates must be of; empty: those of the system.
  std::string ca_file = {};
  /// What this program shows to the servers; both or none.
  std::string cert_file = {};
  std::string key_file = {};
  /// With a password: of etcd's own users.
  std::string user = {};
  std::string password = {};
  /// Use no TLS, also to other machines: whoever is on the way can read and change everything.
  bool insecure_transport = false;
};

/// Opens the store at `url`, which is `etcd://HOST:PORT[,HOST:PORT…]/PREFIX`: members of one
/// cluster, of which any one that can be reached will do. A HOST that begins with `%2F` is the path
/// of a unix socket. TLS is used unless all of them are on this machine and neither `ca_file` nor
/// `cert_file` is given.
///
/// Errors: invalid_argument: the URL or an option is malformed. Everything else shows at first use:
/// unavailable: there was no answer within `patience`, and the context says what each endpoint did;
/// io: etcd refused, no endpoint is an etcd or who it must be, or one is of another cluster than
/// the first that answered, and the context says which and why.
[[nodiscard]] LATCHFILE_EXPORT Result<Store> open_etcd(std::string_view url,
                                                       EtcdOptions options = {});

}  // namespace latchfile
