// SPDX-License-Identifier: Apache-2.0
//
// Who may talk to whom: certificates of both sides, users and passwords, and never in plain text
// with another machine.
#include <arpa/inet.h>
#include <cstdlib>
#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <regex>
#include <sys/socket.h>
#include <unistd.h>

#include "etcd/address.hpp"
#include "latchfile/etcd.hpp"
#include "latchfile/watch.hpp"
#include "support/code_of.hpp"
#include "support/etcd_server.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const auto web = [] { return id_of("web"); };

/// A whole life, so that every kind of request is made, a watch among them.
void expect_works(const Store& store) {
  auto watch = store.watch();
  ASSERT_TRUE(watch) << watch.error().message();
  const auto created = store.create(web(), Wait::never(), numbered(1));
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_TRUE(store.update(web(), Wait::never(), increment));
  EXPECT_EQ(store.list()->size(), 1U);
  auto state = store.lock(web(), Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  EXPECT_TRUE(std::move(*state).destroy());
}

/// Somebody at a port of this machine who says nothing.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (bind(socket_, any, size) != 0 || listen(socket_, 8) != 0 ||
        getsockname(socket_, any, &size) != 0) {
      throw std::runtime_error("listen on 127.0.0.1");
    }
    port_ = std::to_string(ntohs(address.sin_port));
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(socket_); }

  [[nodiscard]] const std::string& port() const { return port_; }

  /// With what the next one who has called begins: `tls`, `http`, or `nothing` if nobody has.
  [[nodiscard]] std::string heard() const {
    pollfd polled{.fd = socket_, .events = POLLIN, .revents = 0};
    if (poll(&polled, 1, 0) <= 0) return "nothing";
    const int caller = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    char first = 0;
    const auto got = recv(caller, &first, 1, MSG_DONTWAIT);
    close(caller);
    if (got != 1) return "silence";
    constexpr char handshake = 0x16;  // RFC 8446, section 5.1
    return first == handshake ? "tls" : "http";
  }

 private:
  int socket_;
  std::string port_;
};

/// With what whoever opens a store at `endpoints` begins to talk to `listener`.
std::string said(const Listener& listener, const std::string& endpoints, EtcdOptions options = {}) {
  options.patience = 300ms;
  EXPECT_EQ(code_of(open_etcd("etcd://" + endpoints + "/x", options)->list()), "unavailable");
  return listener.heard();
}

TEST(EtcdTls, IsSpokenToOtherMachines) {
  // The address 0.0.0.0 leads to this machine, and yet is not one that is known to.
  const auto talk = [](const std::string& before, EtcdOptions options = {}) {
    const Listener listener;
    return said(listener, before + listener.port(), std::move(options));
  };
  EXPECT_EQ(talk("0.0.0.0:"), "tls");
  EXPECT_EQ(talk("%2Fnowhere,0.0.0.0:"), "tls");
  EXPECT_EQ(talk("127.0.0.1:"), "http");
  EXPECT_EQ(talk("0.0.0.0:", {.insecure_transport = true}), "http");
}

TEST(EtcdTls, GoesPastAProxyOfTheEnvironment) {
  const Listener proxy;
  const Listener etcd;
  setenv("http_proxy", ("http://127.0.0.1:" + proxy.port()).c_str(), 1);
  setenv("no_proxy", "", 1);
  EXPECT_EQ(said(etcd, "127.0.0.1:" + etcd.port()), "http");
  EXPECT_EQ(proxy.heard(), "nothing");
  unsetenv("http_proxy");
  unsetenv("no_proxy");
}

TEST(EtcdTls, IsOfBothSides) {
  const Certificates certificates;
  const EtcdServer server(&certificates);
  const auto url = server.url("/tls");
  const EtcdOptions good{.ca_file = certificates.authority(),
                         .cert_file = certificates.certificate(),
                         .key_file = certificates.key()};
  expect_works(open_etcd(url, good).value());

  const Certificates others;
  const auto expect = [&](const EtcdOptions& options, const char* code, const std::string& says) {
    const auto listed = open_etcd(url, options)->list();
    EXPECT_EQ(code_of(listed), code);
    EXPECT_THAT(listed.error().message(),
                AllOf(HasSubstr("list: etcd at " + server.socket() + ": "), HasSubstr(says),
                      Not(HasSubstr("\n"))));
  };
  auto strange = good;
  strange.ca_file = others.authority();
  expect(strange, "io", "not of a trusted authority");

  auto absent = good;
  absent.ca_file = "/nowhere";
  expect(absent, "io", "a file of a certificate or a key cannot be used");

  auto stranger = good;
  stranger.cert_file = others.certificate();
  stranger.key_file = others.key();
  expect(stranger, "io", "it wants a certificate from here");
  expect({.ca_file = certificates.authority()}, "io", "it wants a certificate from here");

  for (const auto& key : {std::string("/nowhere"), certificates.authority(), others.key(),
                          certificates.encrypted_key()}) {
    auto other_key = good;
    other_key.key_file = key;
    expect(other_key, "io", "a file of a certificate or a key cannot be used");
  }

  expect({.patience = 300ms}, "unavailable", "does it want TLS (--cacert)?");
  const auto& plain = EtcdServer::shared();
  const auto listed =
      open_etcd(plain.url("/tls"), {.patience = 300ms, .ca_file = certificates.authority()})
          ->list();
  EXPECT_EQ(code_of(listed), "unavailable");
  EXPECT_THAT(listed.error().message(), HasSubstr("does that port speak it?"));
}

/// An etcd with a certificate that clients should not take, and so without an answer.
class TlsServer {
 public:
  TlsServer(const std::string& certificate, const std::string& key)
      : dir_(directory_for_etcd()),
        process_(start_etcd(
            dir_.path(),
            {"--data-dir", "data", "--listen-client-urls", "unixs://localhost:00001",
             "--advertise-client-urls", "unixs://localhost:00001", "--listen-peer-urls",
             "unix://localhost:00002", "--initial-advertise-peer-urls", "unix://localhost:00002",
             "--initial-cluster", "default=unix://localhost:00002", "--cert-file", certificate,
             "--key-file", key})) {
    if (!eventually([&] { return std::filesystem::exists(socket()); })) {
      throw std::runtime_error("etcd does not start: " + read_text(dir_ / "log"));
    }
  }
  [[nodiscard]] std::string socket() const { return dir_ / "localhost:00001"; }
  [[nodiscard]] std::string url() const {
    return "etcd://" + std::regex_replace(socket(), std::regex("/"), "%2F") + "/x";
  }

 private:
  TempDir dir_;
  Child process_;
};

TEST(EtcdTls, RefusesACertificateThatIsNotOfTheHostOrNotValid) {
  const Certificates certificates;
  const std::vector<std::pair<std::string, std::string>> cases = {
      {certificates.expired(), "has expired"},
      {certificates.of_another_host(), "'localhost'"},
  };
  for (const auto& [certificate, why] : cases) {
    const TlsServer server(certificate, certificates.key());
    const auto listed = open_etcd(server.url(), {.ca_file = certificates.authority()})->list();
    EXPECT_EQ(code_of(listed), "io");
    EXPECT_THAT(
        listed.error().message(),
        AllOf(HasSubstr("list: etcd at " + server.socket() + ": its certificate"), HasSubstr(why)));
  }
}

TEST(EtcdTls, OfOneMemberThatIsNotTrustedLeavesTheOthers) {
  const Certificates certificates;
  const TlsServer expired(certificates.expired(), certificates.key());
  const EtcdServer server(&certificates);
  auto url = server.url("/tls");
  const auto first = expired.url();
  url.insert(etcd_scheme.size(),
             first.substr(etcd_scheme.size(), first.size() - etcd_scheme.size() - 2) + ",");
  expect_works(open_etcd(url, {.ca_file = certificates.authority(),
                               .cert_file = certificates.certificate(),
                               .key_file = certificates.key()})
                   .value());
}

TEST(EtcdUsers, MayDoWhatTheirRoleSays) {
  const EtcdServer server;
  const auto url = server.url("/mine");
  const auto encoded_range = R"("key":"L21pbmUv","range_end":"L21pbmUw")";  // /mine/ to /mine0
  server.request("/v3/auth/user/add", R"({"name":"root","password":"r"})");
  server.request("/v3/auth/user/grant", R"({"user":"root","role":"root"})");
  server.request("/v3/auth/role/add", R"({"name":"runtime"})");
  server.request(
      "/v3/auth/role/grant",
      std::string(R"({"name":"runtime","perm":{"permType":"READWRITE",)") + encoded_range + "}}");
  server.request("/v3/auth/user/add", R"({"name":"me","password":"hunter2"})");
  server.request("/v3/auth/user/grant", R"({"user":"me","role":"runtime"})");
  server.request("/v3/auth/enable", "{}");

  expect_works(open_etcd(url, {.user = "me", .password = "hunter2"}).value());

  const auto elsewhere =
      open_etcd(server.url("/others"), {.user = "me", .password = "hunter2"}).value();
  EXPECT_THAT(elsewhere.list().error().message(),
              AllOf(HasSubstr("the user 'me' may not do that"), HasSubstr("/others/")));
  EXPECT_EQ(code_of(elsewhere.create(web(), Wait::never(), numbered(1))), "io");
  EXPECT_EQ(code_of(elsewhere.watch()), "io");

  const auto wrong = open_etcd(url, {.user = "me", .password = "hunter3"})->list();
  EXPECT_EQ(code_of(wrong), "io");
  EXPECT_THAT(wrong.error().message(),
              AllOf(HasSubstr("user or password is wrong"), Not(HasSubstr("hunter3"))));
  const auto nobody = open_etcd(url)->list();
  EXPECT_EQ(code_of(nobody), "io");
  EXPECT_THAT(nobody.error().message(), HasSubstr("it wants a user and a password"));
}

TEST(EtcdOptionsTest, ThatDoNotFitAreRefused) {
  const std::vector<EtcdOptions> wrong = {{.ttl = 0s},
                                          {.ttl = -1s},
                                          {.ttl = 2h},
                                          {.patience = 0ms},
                                          {.cert_file = "a"},
                                          {.key_file = "a"},
                                          {.user = "a"},
                                          {.password = "a"},
                                          {.ca_file = "a", .insecure_transport = true},
                                          {.ca_file = std::string("a\0b", 3)}};
  for (const auto& options : wrong)
    EXPECT_EQ(code_of(open_etcd("etcd://localhost:1/x", options)), "invalid_argument");
}

}  // namespace
}  // namespace latchfile::test
