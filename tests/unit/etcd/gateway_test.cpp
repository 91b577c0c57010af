// SPDX-License-Identifier: Apache-2.0
#include "etcd/gateway.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/requests.hpp"
#include "unit/etcd/fake_transport.hpp"

namespace latchfile::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

const std::string applied = R"({"header":{"revision":"7"},"succeeded":true})";

class GatewayTest : public testing::Test {
 protected:
  std::vector<Sent> sent;

  /// Answers the n-th attempt as `replies` says, and all after them as the last one.
  [[nodiscard]] Replies in_turn(std::vector<Reply> replies) {
    return [this, replies = std::move(replies)](const Sent& now) {
      sent.push_back(now);
      return replies[std::min(sent.size(), replies.size()) - 1];
    };
  }
};

TEST_F(GatewayTest, SendsTheSameToTheNextEndpointUntilThereIsAnAnswer) {
  const auto half = applied.substr(0, applied.size() / 2);
  for (const auto& unknown :
       {no_answer(), ok(half), ok(""), ok("<html>"), refused(503, 14, "etcdserver: no leader"),
        refused(500, 2, "context deadline exceeded"), refused(504, 4, "request timed out"),
        refused(429, 8, "etcdserver: too many requests"), Reply(Transport::Answer{502, "oops"})}) {
    sent.clear();
    const auto gateway = gateway_to(in_turn({unknown, unknown, ok(applied)}));
    const auto txn = gateway->transact("{}");
    ASSERT_TRUE(txn) << txn.error().error.message();
    EXPECT_TRUE(txn->succeeded);
    EXPECT_TRUE(txn->repeated);
    ASSERT_THAT(sent, SizeIs(3));
    EXPECT_EQ(sent[0].endpoint, 0U);
    EXPECT_EQ(sent[1].endpoint, 1U);
    EXPECT_EQ(sent[2].endpoint, 0U);
    EXPECT_EQ(sent[0].body, sent[2].body);
  }
}

TEST_F(GatewayTest, StaysWhereThereWasAnAnswer) {
  const auto gateway = gateway_to(in_turn({no_answer(), ok(applied)}));
  ASSERT_TRUE(gateway->transact("{}"));
  const auto txn = gateway->transact("{}");
  ASSERT_TRUE(txn);
  EXPECT_FALSE(txn->repeated);
  EXPECT_EQ(sent.back().endpoint, 1U);
}

TEST_F(GatewayTest, TakesADefiniteRefusalAsOne) {
  const std::vector<std::pair<Reply, Errc>> refusals = {
      {refused(400, 3, "etcdserver: request is too large"), Errc::too_large},
      {refused(429, 8, "grpc: received message larger than max"), Errc::too_large},
      {refused(429, 8, "etcdserver: mvcc: database space exceeded"), Errc::io},
      {refused(403, 7, "etcdserver: permission denied"), Errc::io},
      {refused(404, 5, "etcdserver: requested lease not found"), Errc::io},
      {refused(400, 11, "etcdserver: mvcc: required revision has been compacted"), Errc::io},
      {std::unexpected(Error{Errc::too_large, 0, "its answer"}), Errc::too_large},
  };
  for (const auto& [refusal, code] : refusals) {
    sent.clear();
    const auto txn = gateway_to(in_turn({refusal}))->transact("{}");
    ASSERT_FALSE(txn);
    EXPECT_EQ(txn.error().error.code, code);
    EXPECT_FALSE(txn.error().may_be_done);
    EXPECT_THAT(txn.error().error.message(),
                AllOf(HasSubstr("etcd at member0: "), Not(HasSubstr("\n"))));
    EXPECT_THAT(sent, SizeIs(1));
  }
}

TEST_F(GatewayTest, SaysThatAnAttemptBeforeTheRefusalMayHaveBeenDone) {
  const auto gateway = gateway_to(
      in_turn({no_answer(), refused(429, 8, "etcdserver: mvcc: database space exceeded")}));
  const auto txn = gateway->transact("{}");
  ASSERT_FALSE(txn);
  EXPECT_TRUE(txn.error().may_be_done);
}

TEST_F(GatewayTest, GivesUpInTimeAndSaysWhereAndWhy) {
  const auto txn = gateway_to(in_turn({no_answer()}))->transact("{}");
  ASSERT_FALSE(txn);
  EXPECT_EQ(txn.error().error.code, Errc::unavailable);
  EXPECT_TRUE(txn.error().may_be_done);
  EXPECT_THAT(txn.error().error.message(),
              AllOf(HasSubstr("etcd at member"), HasSubstr("no answer")));
  EXPECT_GT(sent.size(), 2U);
}

TEST_F(GatewayTest, LogsInOnceAndAgainWhenItsTokenIsForgotten) {
  int logins = 0;
  bool forgotten = false;
  const auto gateway = gateway_to(
      [&](const Sent& now) {
        sent.push_back(now);
        if (now.path == request::path::authenticate) {
          return ok(R"({"header":{"revision":"7"},"token":"t)" + std::to_string(++logins) + "\"}");
        }
        if (now.token != "t" + std::to_string(logins) || std::exchange(forgotten, false)) {
          return refused(401, 16, "etcdserver: invalid auth token");
        }
        return ok(applied);
      },
      1, {"me", "hunter2"});
  ASSERT_TRUE(gateway->transact("{}"));
  ASSERT_TRUE(gateway->transact("{}"));
  EXPECT_EQ(logins, 1);
  forgotten = true;
  const auto txn = gateway->transact("{}");
  ASSERT_TRUE(txn);
  EXPECT_FALSE(txn->repeated) << "a request without a token is not carried out";
  EXPECT_EQ(logins, 2);
}

TEST_F(GatewayTest, LogsInNoMoreThanOnceForARequest) {
  const auto gateway = gateway_to(
      [&](const Sent& now) {
        sent.push_back(now);
        return now.path == request::path::authenticate
                   ? ok(R"({"token":"t"})")
                   : refused(401, 16, "etcdserver: invalid auth token");
      },
      1, {"me", "hunter2"});
  const auto txn = gateway->transact("{}");
  ASSERT_FALSE(txn);
  EXPECT_EQ(txn.error().error.code, Errc::io);
  EXPECT_THAT(sent, SizeIs(4));
}

TEST_F(GatewayTest, SaysThatAPasswordIsWrongAndNotWhich) {
  const auto gateway = gateway_to(
      in_turn({refused(400, 3, "etcdserver: authentication failed, invalid user ID or password")}),
      2, {"me", "hunter2"});
  const auto txn = gateway->transact("{}");
  ASSERT_FALSE(txn);
  EXPECT_EQ(txn.error().error.code, Errc::io);
  EXPECT_THAT(txn.error().error.message(),
              AllOf(HasSubstr("user or password is wrong"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(sent, SizeIs(1));
}

}  // namespace
}  // namespace latchfile::test
