// SPDX-License-Identifier: Apache-2.0
//
// An etcd that forgets who has logged in, or whose word of that is over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/curl_transport.hpp"
#include "etcd/requests.hpp"
#include "etcd/wire.hpp"
#include "latchfile/etcd.hpp"
#include "latchfile/watch.hpp"
#include "posix/real_kernel.hpp"
#include "support/etcd_server.hpp"
#include "support/followed.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const auto web = [] { return id_of("web"); };

const Login root = {.user = "root", .password = "r"};

void enable_users(const EtcdServer& server) {
  server.request("/v3/auth/user/add", R"({"name":"root","password":"r"})");
  server.request("/v3/auth/user/grant", R"({"user":"root","role":"root"})");
  server.request("/v3/auth/enable", "{}");
}

std::unique_ptr<Transport> transport_to(const EtcdServer& server) {
  return std::make_unique<CurlTransport>(
      real_kernel(), std::vector{Endpoint{"localhost", server.socket()}}, Tls{});
}

/// etcd with users, whose tokens are over after a second without use.
class EtcdThatForgetsTokens : public testing::Test {
 protected:
  EtcdServer server{nullptr, {"--auth-token-ttl", "1", "--bcrypt-cost", "4", "--logger", "zap"}};
  const std::string prefix = "/mine";
  const Store store = open_etcd(server.url(prefix), {.user = "root", .password = "r"}).value();

  void SetUp() override { enable_users(server); }
  /// Of as many as there have been.
  [[nodiscard]] bool comes_to_forget(std::size_t tokens) const {
    return eventually([&] {
      const auto log = server.log();
      const std::string_view line = "deleted a simple token";
      std::size_t found = 0;
      for (auto at = log.find(line); at != log.npos; at = log.find(line, at + 1))
        ++found;
      return found >= tokens;
    });
  }
};

TEST_F(EtcdThatForgetsTokens, IsLoggedInToAgain) {
  auto watch = store.watch().value();
  EXPECT_THAT(told(watch), ElementsAre("listed"));
  ASSERT_TRUE(store.create(web(), Wait::never(), document_of("{}")));
  EXPECT_THAT(told(watch), ElementsAre("created web {}"));
  auto state = store.lock(web(), Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  ASSERT_TRUE(comes_to_forget(1));
  const auto saved = state->save(document_of(R"({"n":1})"));
  EXPECT_TRUE(saved) << saved.error().message();
  ASSERT_TRUE(comes_to_forget(2));
  EXPECT_THAT(told(watch), ElementsAre(R"(changed web {"n":1})"));

  server.stop();
  server.start();
  const auto after = state->save(document_of(R"({"n":2})"));
  EXPECT_TRUE(after) << after.error().message();
  EXPECT_THAT(told_until(watch, R"(changed web {"n":2})"), ElementsAre(R"(changed web {"n":2})"));
}

TEST_F(EtcdThatForgetsTokens, IsLoggedInToAgainForAWatchAsWell) {
  Gateway gateway(real_kernel(), transport_to(server), {"it"}, root, EtcdServer::patient);
  const auto range =
      gateway.call(request::path::range, request::range({.key = "/"}), answer::read_range);
  ASSERT_TRUE(range) << range.error().error.message();
  ASSERT_TRUE(comes_to_forget(1));
  const auto stream = gateway.transport().new_stream().value();
  const auto watched = gateway.open_watch(*stream, "/", {}, 1, gateway.now() + 10s);
  EXPECT_TRUE(watched) << watched.error().error.message();
}

/// A pair of keys with which etcd signs its tokens.
class SigningKeys {
 public:
  SigningKeys() {
    const auto made =
        run({"sh", "-c",
             "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private.pem && "
             "openssl pkey -in private.pem -pubout -out public.pem"},
            {.working_directory = dir_.path().string()});
    if (made.exit_code != 0) throw std::runtime_error("openssl: " + made.err);
  }
  [[nodiscard]] std::string option() const {
    return "jwt,pub-key=" + (dir_ / "public.pem") + ",priv-key=" + (dir_ / "private.pem") +
           ",sign-method=RS256,ttl=5s";
  }

 private:
  TempDir dir_;
};

/// etcd whose tokens say themselves until when they are good, and for which users: a jwt each.
class EtcdThatSignsTokens : public testing::Test {
 protected:
  const SigningKeys signing_keys;
  const EtcdServer server{nullptr, {"--auth-token", signing_keys.option(), "--bcrypt-cost", "4"}};
  const std::string prefix = "/mine";
  const std::shared_ptr<Wire> wire = std::make_shared<Wire>(server);
  // No lease is confirmed meanwhile, which might log in as well.
  const Store store = store_over(wire, server, prefix, 300s, EtcdServer::patient, root);

  void SetUp() override { enable_users(server); }

  /// Every token that was given before.
  void tokens_end() const {
    const auto transport = transport_to(server);
    const auto post = [&](std::string_view path, std::string_view body, std::string_view token) {
      return transport->post(0, {path, body, token, 10s}, Transport::Clock::now() + 10s).value();
    };
    auto given = post(request::path::authenticate, request::authenticate("root", "r"), {});
    const auto token = answer::read_token(given.body).value().text;
    ASSERT_TRUE(eventually([&] {
      return post(request::path::range, request::range({.key = "/"}), token).status != 200;
    }));
  }
  /// etcd takes no token that is older than what it knows of users.
  void users_change() const {
    Gateway gateway(real_kernel(), transport_to(server), {"it"}, root, EtcdServer::patient);
    ASSERT_TRUE(gateway.call("/v3/auth/role/add", R"({"name":"more"})", answer::read_any));
  }
  /// How often somebody logs in for what `act` does.
  [[nodiscard]] std::size_t log_ins(const std::function<void()>& act) const {
    const auto before = wire->count(request::path::authenticate);
    act();
    return wire->count(request::path::authenticate) - before;
  }
};

TEST_F(EtcdThatSignsTokens, IsLoggedInToOnceForEachThatIsOver) {
  auto watch = store.watch().value();
  EXPECT_THAT(told(watch), ElementsAre("listed"));
  ASSERT_TRUE(store.create(web(), Wait::never(), document_of("{}")));
  EXPECT_THAT(told(watch), ElementsAre("created web {}"));
  auto state = store.lock(web(), Wait::never());
  ASSERT_TRUE(state) << state.error().message();

  tokens_end();
  EXPECT_EQ(log_ins([&] {
              const auto saved = state->save(document_of(R"({"n":1})"));
              EXPECT_TRUE(saved) << saved.error().message();
            }),
            1U);
  tokens_end();
  EXPECT_EQ(log_ins([&] { EXPECT_THAT(told(watch), ElementsAre(R"(changed web {"n":1})")); }), 1U);
  tokens_end();
  EXPECT_EQ(log_ins([&] {
              const auto listed = store.list();
              EXPECT_TRUE(listed) << listed.error().message();
            }),
            1U);
}

TEST_F(EtcdThatSignsTokens, IsLoggedInToAgainAfterAChangeOfItsUsers) {
  ASSERT_TRUE(store.create(web(), Wait::never(), document_of("{}")));
  users_change();
  EXPECT_EQ(log_ins([&] {
              const auto state = store.load(web());
              EXPECT_TRUE(state) << state.error().message();
            }),
            1U);
}

TEST_F(EtcdThatSignsTokens, IsLoggedInToAgainForAWatchAsWell) {
  const auto site = site_over(wire, server, prefix, 300s, EtcdServer::patient, root);
  auto& gateway = *site->gateway;
  const auto opens = [&] {
    const auto stream = gateway.transport().new_stream().value();
    const auto watched = gateway.open_watch(*stream, "/", {}, 1, gateway.now() + 10s);
    EXPECT_TRUE(watched) << watched.error().error.message();
  };
  opens();
  tokens_end();
  EXPECT_EQ(log_ins(opens), 1U);
  users_change();
  EXPECT_EQ(log_ins(opens), 1U);
}

}  // namespace
}  // namespace latchfile::test
