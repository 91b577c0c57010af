// SPDX-License-Identifier: Apache-2.0
//
// etcd for a test: one member, on a unix socket in a directory of its own, killed and removed with
// the object. Its timers are short, so that a lease may be of one second.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "etcd/gateway.hpp"
#include "support/certificates.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {

/// In memory, where there is such a place: what a test keeps in etcd need not outlive the machine.
[[nodiscard]] std::filesystem::path directory_for_etcd();
/// etcd with `arguments` in the working directory `dir`, by way of the program and arguments
/// `through`. It ends with the test in any case.
[[nodiscard]] Child start_etcd(const std::filesystem::path& dir,
                               const std::vector<std::string>& arguments,
                               std::vector<std::string> through = {});

class EtcdServer {
 public:
  /// Returns once it answers; throws if it does not. With `tls` it wants certificates of the same
  /// authority. Of two arguments of one name the later counts, and so do
  /// `arguments`.
  explicit EtcdServer(const Certificates* tls = nullptr, std::vector<std::string> arguments = {});

  /// One for all tests of this process, started at first use.
  static EtcdServer& shared();

  /// Of its socket.
  [[nodiscard]] std::string socket() const { return dir_ / "localhost:00001"; }
  /// etcd://…/PREFIX
  [[nodiscard]] std::string url(const std::string& prefix) const;
  /// Much longer than in earnest: this machine may be busy with other tests.
  static constexpr Gateway::Timing patient{.attempt = std::chrono::milliseconds(20000),
                                           .overall = std::chrono::milliseconds(60000)};

  /// A connection of its own, without faults.
  [[nodiscard]] std::shared_ptr<Gateway> connect(Gateway::Timing timing = patient) const;
  /// Carries out a request that no store makes, such as to add a user; throws if it is refused.
  void request(std::string_view path, std::string_view body) const;
  [[nodiscard]] const Child& process() const { return *process_; }
  /// Kills it. What it has stored is there again after start().
  void stop() { process_.reset(); }
  /// Returns once it answers; throws if it does not.
  void start();

  /// Puts keys of its own until it takes no more, for which its --quota-backend-bytes must be
  /// small.
  void fill() const;
  /// Compacts and defragments, and disarms the alarm.
  void make_room() const;
  /// Forgets all that was before now.
  void compact() const;
  [[nodiscard]] std::string log() const { return read_text(dir_.path() / "log"); }

  /// Every key that begins with `prefix`, sorted.
  [[nodiscard]] std::vector<std::string> keys(const std::string& prefix) const;
  /// Puts a key without further ado; throws if that fails.
  void put(const std::string& key, const std::string& value) const;
  void remove(const std::string& key) const;

 private:
  /// Carries it out, and throws if it is refused for another reason than `but_for`; whether it was
  /// carried out.
  bool try_request(std::string_view path, std::string_view body, std::string_view but_for) const;

  TempDir dir_;
  const Certificates* tls_;
  const std::vector<std::string> arguments_;
  std::optional<Child> process_;
};

}  // namespace latchfile::test
