// SPDX-License-Identifier: Apache-2.0
//
// An etcd that forgets who has logged in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/curl_transport.hpp"
#include "etcd/requests.hpp"
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

/// etcd with users, whose tokens are over after a second without use.
class EtcdThatForgetsTokens : public testing::Test {
 protected:
  EtcdServer server{nullptr, {"--auth-token-ttl", "1", "--bcrypt-cost", "4", "--logger", "zap"}};
  const std::string prefix = "/mine";
  const Store store = open_etcd(server.url(prefix), {.user = "root", .password = "r"}).value();

  void SetUp() override {
    server.request("/v3/auth/user/add", R"({"name":"root","password":"r"})");
    server.request("/v3/auth/user/grant", R"({"user":"root","role":"root"})");
    server.request("/v3/auth/enable", "{}");
  }
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
  auto& kernel = real_kernel();
  Gateway gateway(kernel,
                  std::make_unique<CurlTransport>(
                      kernel, std::vector{Endpoint{"localhost", server.socket()}}, Tls{}),
                  {"it"}, {"root", "r"}, EtcdServer::patient);
  const auto range =
      gateway.call(request::path::range, request::range({.key = "/"}), answer::read_range);
  ASSERT_TRUE(range) << range.error().error.message();
  ASSERT_TRUE(comes_to_forget(1));
  const auto stream = gateway.transport().new_stream().value();
  const auto watched = gateway.open_watch(*stream, "/", {}, 1, gateway.now() + 10s);
  EXPECT_TRUE(watched) << watched.error().error.message();
}

}  // namespace
}  // namespace latchfile::test
