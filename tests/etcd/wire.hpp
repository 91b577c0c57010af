// SPDX-License-Identifier: Apache-2.0
//
// A wire to etcd that a test can disturb: answers are lost, requests are held back, and what was
// sent can be delivered once more, at any time.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "etcd/etcd_backend.hpp"
#include "support/etcd_server.hpp"

namespace latchfile::test {

enum class Fate {
  pass,
  lose_answer,   ///< carried out, and nobody hears of it
  lose_request,  ///< not carried out, and nobody hears of that
  no_space,      ///< refused: the database is full
  too_large,     ///< refused, whatever its size
  say_full,      ///< carried out, and etcd says that it has no room
};

struct Delivered {
  std::string path;
  std::string body;

  [[nodiscard]] bool has(std::string_view text) const { return body.contains(text); }
  /// E4, E5 and E6 of etcd_lock.hpp.
  [[nodiscard]] bool is_acquire() const { return has("\"lease\":"); }
  [[nodiscard]] bool is_save() const { return has("request_put") && !is_acquire(); }
  [[nodiscard]] bool is_destroy() const { return has("request_delete_range"); }
};

/// Shared by whoever sends and the test.
class Wire {
 public:
  explicit Wire(const EtcdServer& server);

  /// What becomes of each request from now on.
  void decide(std::function<Fate(const Delivered&)> decide);
  void decide(Fate fate) {
    decide([fate](const Delivered&) { return fate; });
  }
  /// That of the next one of a kind, all others pass.
  void once(Fate fate, bool (Delivered::*kind)() const);

  /// What is done once the next request of that path was carried out, before its answer is heard.
  void after_next(std::string_view path, std::function<void()> act);

  /// All that was carried out of a kind, in order.
  [[nodiscard]] std::vector<Delivered> delivered(bool (Delivered::*kind)() const) const;
  [[nodiscard]] std::size_t count(std::string_view path) const;

  /// Carries it out once more, late; what it answers.
  std::string deliver_again(const Delivered& request) const;

  Result<Transport::Answer> post(const Transport::Request& request,
                                 Transport::Clock::time_point deadline);
  [[nodiscard]] Result<std::unique_ptr<Transport::Stream>> new_stream() {
    return direct_->new_stream();
  }

 private:
  const std::unique_ptr<Transport> direct_;
  mutable std::mutex mutex_;
  std::function<Fate(const Delivered&)> decide_;
  std::string path_;  ///< of the request after which it is done
  std::function<void()> afterwards_;
  std::vector<Delivered> delivered_;
};

[[nodiscard]] std::shared_ptr<const EtcdSite> site_over(
    const std::shared_ptr<Wire>& wire, const EtcdServer& server, const std::string& prefix,
    std::chrono::seconds ttl, Gateway::Timing timing = {}, Login login = {});

/// A store whose requests all go over `wire`.
[[nodiscard]] Store store_over(const std::shared_ptr<Wire>& wire, const EtcdServer& server,
                               const std::string& prefix, std::chrono::seconds ttl,
                               Gateway::Timing timing = {}, Login login = {});

}  // namespace latchfile::test
