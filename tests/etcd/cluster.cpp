// SPDX-License-Identifier: Apache-2.0
#include "etcd/cluster.hpp"

#include <stdexcept>

#include <nlohmann/json.hpp>

#include "etcd/curl_transport.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::test {
namespace {

std::string name_of(std::size_t member) { return "m" + std::to_string(member); }
// Ports that are names of files.
std::string client_of(std::size_t member) { return "localhost:0001" + std::to_string(member); }
std::string peer_of(std::size_t member) { return "localhost:0002" + std::to_string(member); }

}  // namespace

EtcdCluster::EtcdCluster(const Network* network, Timers timers)
    : network_(network), timers_(timers), dir_(directory_for_etcd()) {
  for (std::size_t member = 0; member < size; ++member)
    start(member);
  if (!eventually([&] { return leader().has_value(); })) {
    throw std::runtime_error("etcd elects no leader: " + read_text(dir_.path() / "log"));
  }
}

std::string EtcdCluster::socket(std::size_t member) const { return dir_ / client_of(member); }

std::string EtcdCluster::peer_url(std::size_t member) const {
  if (network_ == nullptr) return "unix://" + peer_of(member);
  return "http://" + Network::address(member, Network::Net::peers) + ":2380";
}

void EtcdCluster::start(std::size_t member) {
  std::string all;
  for (std::size_t each = 0; each < size; ++each) {
    all += (all.empty() ? "" : ",") + name_of(each) + "=" + peer_url(each);
  }
  // One that was killed leaves its sockets, and etcd does not replace them.
  for (const auto& left : {client_of(member), peer_of(member)})
    std::filesystem::remove(dir_ / left);
  auto client = "unix://" + client_of(member);
  if (network_ != nullptr) client += ",http://" + Network::address(member) + ":2379";
  const auto peer = peer_url(member);
  members_.at(member).emplace(start_etcd(
      dir_.path(),
      {"--name", name_of(member), "--data-dir", name_of(member), "--listen-client-urls", client,
       "--advertise-client-urls", client, "--listen-peer-urls", peer,
       "--initial-advertise-peer-urls", peer, "--initial-cluster", all, "--heartbeat-interval",
       std::to_string(timers_.heartbeat), "--election-timeout", std::to_string(timers_.election)},
      network_ == nullptr ? std::vector<std::string>() : network_->on(member)));
}

void EtcdCluster::kill(std::size_t member) { members_.at(member).reset(); }

std::optional<std::size_t> EtcdCluster::leader() const {
  std::optional<std::size_t> found;
  long newest_term = -1;
  for (std::size_t member = 0; member < size; ++member) {
    if (!members_.at(member)) continue;
    CurlTransport transport(real_kernel(), {Endpoint{"localhost", socket(member)}}, Tls{});
    constexpr std::chrono::milliseconds limit{500};
    const auto answer = transport.post(0, {"/v3/maintenance/status", "{}", {}, limit},
                                       Transport::Clock::now() + limit);
    if (!answer || answer->status != 200) continue;
    const auto status = nlohmann::json::parse(answer->body);
    const auto term = std::stol(status.value("raftTerm", "0"));
    const bool leads = status.value("leader", "0") == status.at("header").value("member_id", "");
    if (!leads || term <= newest_term) continue;
    newest_term = term;
    found = member;
  }
  return found;
}

std::string EtcdCluster::url_on_network(const std::string& prefix, std::size_t first) {
  std::string url(etcd_scheme);
  for (std::size_t i = 0; i < size; ++i)
    url += (i > 0 ? "," : "") + Network::address((first + i) % size) + ":2379";
  return url + prefix;
}

Store EtcdCluster::open(EtcdOptions options) const {
  std::string url(etcd_scheme);
  for (std::size_t member = 0; member < size; ++member) {
    if (member > 0) url += ',';
    for (const char c : socket(member)) {
      if (c == '/') {
        url += "%2F";
      } else {
        url += c;
      }
    }
  }
  return open_etcd(url + "/cluster", std::move(options)).value();
}

}  // namespace latchfile::test
