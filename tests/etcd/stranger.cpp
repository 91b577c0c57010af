// SPDX-License-Identifier: Apache-2.0
#include "etcd/stranger.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace latchfile::test {
namespace {

/// A socket at a port that the kernel has chosen.
int bound_socket() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("no port to be had");
  }
  return fd;
}

std::string endpoint_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
}

/// Whether `socket` is ready for `events` before the test is at its end and before that time.
bool await(int socket, short events, int stop, int timeout_ms = -1) {
  std::array<pollfd, 2> polled = {{{socket, events, 0}, {stop, POLLIN, 0}}};
  return poll(polled.data(), polled.size(), timeout_ms) > 0 && polled[1].revents == 0;
}

/// How many bytes a request says that its body has.
std::size_t body_size(std::string_view head) {
  constexpr std::string_view name = "Content-Length: ";
  const auto at = head.find(name);
  std::size_t size = 0;
  if (at != head.npos) std::from_chars(head.data() + at + name.size(), head.end(), size);
  return size;
}

}  // namespace

bool Stranger::Connection::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    if (!await(socket_, POLLOUT, stop_)) return false;
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::optional<std::string> Stranger::Connection::receive() const {
  std::string request;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto end = request.find("\r\n\r\n");
    if (end != request.npos && request.size() >= end + 4 + body_size(request)) return request;
    if (!await(socket_, POLLIN, stop_)) return std::nullopt;
    const auto got = recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return std::nullopt;
    request.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

bool Stranger::Connection::stay(std::chrono::milliseconds time) const {
  const auto until = std::chrono::steady_clock::now() + time;
  std::array<char, 4096> buffer{};
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return true;
    std::array<pollfd, 2> polled = {{{socket_, POLLIN, 0}, {stop_, POLLIN, 0}}};
    if (poll(polled.data(), polled.size(), static_cast<int>(left.count())) == 0) return true;
    if (polled[1].revents != 0) return false;
    if (recv(socket_, buffer.data(), buffer.size(), 0) <= 0) return false;
  }
}

void Stranger::Connection::reset() const {
  if (!await(socket_, POLLIN, stop_)) return;
  constexpr linger at_once{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  shutdown(socket_, SHUT_RD);
}

void Stranger::Connection::stay() const {
  while (stay(std::chrono::hours(1))) {
  }
}

Stranger::Stranger(Manners manners)
    : manners_(std::move(manners)), listening_(bound_socket()), stop_(eventfd(0, EFD_CLOEXEC)) {
  listen(listening_, SOMAXCONN);
  accepting_ = std::thread([this] { accept_all(); });
}

Stranger::~Stranger() {
  eventfd_write(stop_, 1);
  accepting_.join();
  close(listening_);
  close(stop_);
}

std::string Stranger::endpoint() const { return endpoint_of(listening_); }

void Stranger::accept_all() {
  std::vector<std::thread> connections;
  while (await(listening_, POLLIN, stop_)) {
    const int socket = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    connections.emplace_back([this, socket] {
      manners_(Connection(socket, stop_));
      // What has come and was not read would make this an error of the connection.
      shutdown(socket, SHUT_WR);
      std::array<char, 4096> rest{};
      while (await(socket, POLLIN, stop_) && recv(socket, rest.data(), rest.size(), 0) > 0) {
      }
      close(socket);
    });
  }
  for (auto& each : connections)
    each.join();
}

ClosedPort::ClosedPort() : socket_(bound_socket()) {}
ClosedPort::~ClosedPort() { close(socket_); }
std::string ClosedPort::endpoint() const { return endpoint_of(socket_); }

}  // namespace latchfile::test
