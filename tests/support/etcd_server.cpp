// SPDX-License-Identifier: Apache-2.0
#include "support/etcd_server.hpp"

#include <csignal>
#include <fcntl.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <unistd.h>

#include "etcd/curl_transport.hpp"
#include "etcd/pages.hpp"
#include "etcd/requests.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::test {

std::filesystem::path directory_for_etcd() {
  return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
}

Child start_etcd(const std::filesystem::path& dir, const std::vector<std::string>& arguments,
                 std::vector<std::string> through) {
  through.emplace_back("etcd");
  through.insert(through.end(), arguments.begin(), arguments.end());
  return Child([&]() -> int {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (chdir(dir.c_str()) != 0) return 126;
    // Of one that was killed, the sockets are in the way.
    for (const auto* socket : {"localhost:00001", "localhost:00002"})
      unlink(socket);
    const int log = open("log", O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    for (const int fd : {1, 2})
      dup2(log, fd);
    execute(through);
  });
}

EtcdServer::EtcdServer(const Certificates* tls, std::vector<std::string> arguments)
    : dir_(directory_for_etcd()), tls_(tls), arguments_(std::move(arguments)) {
  start();
}

void EtcdServer::start() {
  const std::string client = std::string(tls_ == nullptr ? "unix" : "unixs") + "://localhost:00001";
  const std::string peer = "unix://localhost:00002";
  std::vector<std::string> arguments = {
      "--name", "one", "--data-dir", "data", "--listen-client-urls", client,
      "--advertise-client-urls", client, "--listen-peer-urls", peer,
      "--initial-advertise-peer-urls", peer, "--initial-cluster", "one=" + peer,
      // Without it all of them would be one cluster by their id.
      "--initial-cluster-token", dir_.path().filename(), "--heartbeat-interval", "10",
      "--election-timeout", "100",
      // The greatest document of all, and then some.
      "--max-request-bytes", "41943040"};
  if (tls_ != nullptr) {
    arguments.insert(arguments.end(),
                     {"--cert-file", tls_->certificate(), "--key-file", tls_->key(),
                      "--trusted-ca-file", tls_->authority(), "--client-cert-auth"});
  }
  arguments.insert(arguments.end(), arguments_.begin(), arguments_.end());
  process_.emplace(start_etcd(dir_.path(), std::move(arguments)));
  const auto gateway = connect({.attempt = std::chrono::milliseconds(200),
                                .overall = std::chrono::milliseconds(20000),
                                .pause = std::chrono::milliseconds(5)});
  const auto answer =
      gateway->call(request::path::range, request::range({.key = "/"}), answer::read_range);
  // One that wants a password has started as well.
  if (!answer && answer.error().error.code == Errc::unavailable) {
    throw std::runtime_error("etcd does not start: " + answer.error().error.message());
  }
}

EtcdServer& EtcdServer::shared() {
  static EtcdServer server;
  return server;
}

std::string EtcdServer::url(const std::string& prefix) const {
  std::string host;
  for (const char c : socket()) {
    if (c == '/') {
      host += "%2F";
    } else {
      host += c;
    }
  }
  return "etcd://" + host + prefix;
}

std::shared_ptr<Gateway> EtcdServer::connect(Gateway::Timing timing) const {
  auto& kernel = real_kernel();
  auto transport = std::make_unique<CurlTransport>(
      kernel, std::vector{Endpoint{"localhost", socket()}},
      tls_ == nullptr ? Tls{} : Tls{true, tls_->authority(), tls_->certificate(), tls_->key()});
  return std::make_shared<Gateway>(kernel, std::move(transport), std::vector{socket()}, Login{},
                                   timing);
}

bool EtcdServer::try_request(std::string_view path, std::string_view body,
                             std::string_view but_for) const {
  const auto done = connect()->call(path, body, answer::read_any);
  if (done) return true;
  const auto why = done.error().error.message();
  if (!but_for.empty() && why.contains(but_for)) return false;
  throw std::runtime_error(std::string(path) + ": " + why);
}

void EtcdServer::request(std::string_view path, std::string_view body) const {
  static_cast<void>(try_request(path, body, {}));
}

void EtcdServer::fill() const {
  const std::string filler(std::size_t{256} << 10, 'x');
  const auto body = request::Txn().then_put("/filler", filler).body();
  while (try_request(request::path::txn, body, "database space exceeded")) {
  }
}

void EtcdServer::compact() const {
  const auto now =
      connect()->call(request::path::range, request::range({.key = "/"}), answer::read_range);
  if (!now) throw std::runtime_error("range: " + now.error().error.message());
  request("/v3/kv/compaction",
          R"({"physical":true,"revision":")" + std::to_string(now->revision) + "\"}");
}

void EtcdServer::make_room() const {
  compact();
  request("/v3/maintenance/defragment", "{}");
  std::string alarms;
  static_cast<void>(
      connect()->call("/v3/maintenance/alarm", R"({"action":"GET"})", [&](std::string& text) {
        alarms = text;
        return answer::read_any(text);
      }));
  const std::string_view member = R"("memberID":")";
  const auto at = alarms.find(member);
  if (at == std::string::npos) return;
  const auto begin = at + member.size();
  request("/v3/maintenance/alarm", R"({"action":"DEACTIVATE","alarm":"NOSPACE","memberID":")" +
                                       alarms.substr(begin, alarms.find('"', begin) - begin) +
                                       "\"}");
}

std::vector<std::string> EtcdServer::keys(const std::string& prefix) const {
  std::vector<std::string> keys;
  const auto gateway = connect();
  for_each_key(
      *gateway, prefix + "/", true, [&] { keys.clear(); },
      [&](answer::KeyValue& pair) { keys.push_back(std::move(pair.key)); })
      .value();
  return keys;
}

void EtcdServer::put(const std::string& key, const std::string& value) const {
  const auto txn = connect()->transact(request::Txn().then_put(key, value).body());
  if (!txn) throw std::runtime_error("put " + key + ": " + txn.error().error.message());
}

void EtcdServer::remove(const std::string& key) const {
  const auto txn = connect()->transact(request::Txn().then_delete(key).body());
  if (!txn) throw std::runtime_error("remove " + key + ": " + txn.error().error.message());
}

}  // namespace latchfile::test
