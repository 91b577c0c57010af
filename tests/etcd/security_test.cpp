// SPDX-License-Identifier: Apache-2.0
//
// Who may talk to whom: certificates of both sides, users and passwords.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latchfile/etcd.hpp"
#include "latchfile/watch.hpp"
#include "support/etcd_server.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

template <class T>
std::string code_of(const Result<T>& result) {
  return result ? "success" : std::string(to_string(result.error().code));
}

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

TEST(EtcdTls, IsOfBothSides) {
  const Certificates certificates;
  const EtcdServer server(&certificates);
  const auto url = server.url("/tls");
  const EtcdOptions good{.ca_file = certificates.authority(),
                         .cert_file = certificates.certificate(),
                         .key_file = certificates.key()};
  expect_works(open_etcd(url, good).value());

  const Certificates others;
  auto strange = good;
  strange.ca_file = others.authority();
  const auto refused = open_etcd(url, strange)->list();
  EXPECT_EQ(code_of(refused), "io");
  EXPECT_THAT(refused.error().message(), HasSubstr("not of a trusted authority"));

  auto absent = good;
  absent.ca_file = "/nowhere";
  EXPECT_EQ(code_of(open_etcd(url, absent)->list()), "io");

  auto stranger = good;
  stranger.cert_file = others.certificate();
  stranger.key_file = others.key();
  const auto unknown = open_etcd(url, stranger)->list();
  EXPECT_EQ(code_of(unknown), "io");
  EXPECT_THAT(unknown.error().message(), HasSubstr("it wants a certificate from here"));

  EXPECT_EQ(code_of(open_etcd(url, {.patience = 300ms})->list()), "unavailable") << "without TLS";
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
