// SPDX-License-Identifier: Apache-2.0
#include "etcd/network.hpp"

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <sched.h>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <unistd.h>

#include "posix/real_kernel.hpp"
#include "support/child.hpp"

namespace latchfile::test {
namespace {

constexpr std::array both = {Network::Net::clients, Network::Net::peers};

std::string number_of(Network::Net net) { return net == Network::Net::clients ? "0" : "1"; }

/// The end of a link that is at the switch.
std::string port(std::size_t host, Network::Net net) {
  return "h" + std::to_string(host) + "n" + number_of(net);
}

/// A new network namespace, or errno. Made by a thread, which moves there alone.
std::expected<int, int> new_namespace() {
  std::expected<int, int> made = -1;
  std::thread([&] {
    if (unshare(CLONE_NEWNET) == 0) made = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (made == -1) made = std::unexpected(errno);
  }).join();
  return made;
}

}  // namespace

std::string Network::why_not() {
  if (geteuid() != 0) return "only root can make network namespaces here";
  const auto made = new_namespace();
  if (made) {
    close(*made);
    return {};
  }
  // As root of a container without CAP_SYS_ADMIN, or of a kernel without them.
  if (made.error() == EPERM || made.error() == EINVAL) {
    return "this root may not make network namespaces: CAP_SYS_ADMIN and CONFIG_NET_NS are needed";
  }
  throw std::system_error(made.error(), std::generic_category(), "unshare");
}

Network::Namespace::Namespace() {
  const auto made = new_namespace();
  if (!made) throw std::system_error(made.error(), std::generic_category(), "unshare");
  descriptor_ = UniqueFd(real_kernel(), *made);
}

std::string Network::Namespace::path() const {
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(descriptor());
}

void Network::Namespace::ip(const std::string& commands) const {
  auto arguments = entry();
  arguments.insert(arguments.end(), {"ip", "-batch", "-"});
  const auto done = run(arguments, {.input = commands});
  if (done.exit_code != 0) throw std::runtime_error(commands + ": " + done.err);
}

Network::Network(std::size_t hosts) : hosts_(hosts) {
  std::string at_switch;
  for (const auto net : both) {
    const auto bridge = "br" + number_of(net);
    at_switch += "link add " + bridge + " type bridge\nlink set " + bridge + " up\n";
    for (std::size_t host = 0; host < hosts; ++host) {
      const auto name = port(host, net);
      at_switch += "link add " + name + " type veth peer name eth" + number_of(net) + " netns " +
                   hosts_[host].path() + "\nlink set " + name + " master " + bridge + " up\n";
    }
  }
  switch_.ip(at_switch);
  for (std::size_t host = 0; host < hosts; ++host) {
    std::string at_host = "link set lo up\n";
    for (const auto net : both) {
      const auto link = "eth" + number_of(net);
      at_host +=
          "address add " + address(host, net) + "/24 dev " + link + "\nlink set " + link + " up\n";
    }
    hosts_[host].ip(at_host);
  }
}

std::string Network::address(std::size_t host, Net net) {
  return "10.0." + number_of(net) + "." + std::to_string(host + 1);
}

std::vector<std::string> Network::on(std::size_t host) const { return hosts_.at(host).entry(); }

void Network::enter(std::size_t host) const {
  if (setns(hosts_.at(host).descriptor(), CLONE_NEWNET) != 0) {
    throw std::system_error(errno, std::generic_category(), "setns");
  }
}

void Network::cut(std::size_t host, Net net) const {
  switch_.ip("link set " + port(host, net) + " down\n");
}

void Network::mend(std::size_t host, Net net) const {
  switch_.ip("link set " + port(host, net) + " up\n");
}

}  // namespace latchfile::test
