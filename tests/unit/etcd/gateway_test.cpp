// SPDX-License-Identifier: Apache-2.0
#include "etcd/gateway.hpp"

#include <future>

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

/// What a member of that cluster says of a transaction.
std::string txn_of(const std::string& cluster, bool succeeded = true) {
  return R"({"header":{"cluster_id":")" + cluster + R"(","revision":"7"},"succeeded":)" +
         (succeeded ? "true" : "false") + R"(,"responses":[{"response_put":{}}]})";
}

const std::string applied = txn_of("17");

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
  const auto gateway = gateway_to([&](const Sent& now) {
    sent.push_back(now);
    return now.endpoint == 0 ? no_answer() : Reply(Transport::Answer{404, "<html>nothing</html>"});
  });
  const auto txn = gateway->transact("{}");
  ASSERT_FALSE(txn);
  EXPECT_EQ(txn.error().error.code, Errc::unavailable);
  EXPECT_TRUE(txn.error().may_be_done);
  EXPECT_THAT(txn.error().error.message(),
              HasSubstr("etcd at member0: no answer; etcd at member1: HTTP status 404 and no word "
                        "of etcd"));
  EXPECT_GT(sent.size(), 2U);
}

TEST_F(GatewayTest, TakesAnAnswerThatIsTooLargeForOneToWhatWasDone) {
  const auto txn = gateway_to(in_turn({std::unexpected(Error{Errc::too_large, 0, "its answer"})}))
                       ->transact("{}");
  ASSERT_FALSE(txn);
  EXPECT_EQ(txn.error().error.code, Errc::too_large);
  EXPECT_TRUE(txn.error().may_be_done);
  EXPECT_THAT(sent, SizeIs(1));
}

const Reply not_to_be_asked = std::unexpected(Error{Errc::io, 0, "its certificate"});

TEST_F(GatewayTest, PassesAMemberOverThatCannotBeAsked) {
  const auto gateway = gateway_to(in_turn({not_to_be_asked, ok(applied)}));
  const auto txn = gateway->transact("{}");
  ASSERT_TRUE(txn) << txn.error().error.message();
  EXPECT_FALSE(txn->repeated) << "nothing was sent there";
  EXPECT_EQ(sent.back().endpoint, 1U);
}

TEST_F(GatewayTest, GivesUpAtOnceIfNobodyCanBeAsked) {
  const auto txn = gateway_to(in_turn({not_to_be_asked}))->transact("{}");
  ASSERT_FALSE(txn);
  EXPECT_EQ(txn.error().error.code, Errc::io);
  EXPECT_FALSE(txn.error().may_be_done);
  EXPECT_THAT(txn.error().error.message(),
              HasSubstr("etcd at member0: its certificate; etcd at member1: its certificate"));
  EXPECT_THAT(sent, SizeIs(2));
}

TEST_F(GatewayTest, GivesUpAtOnceIfNobodyIsAnEtcd) {
  const Reply no_such_page = Transport::Answer{404, "404 page not found"};
  for (const auto* user : {"", "someone"}) {
    sent.clear();
    const auto txn = gateway_to(in_turn({no_such_page}), 2, {.user = user})->transact("{}");
    ASSERT_FALSE(txn);
    EXPECT_EQ(txn.error().error.code, Errc::io);
    EXPECT_FALSE(txn.error().may_be_done);
    EXPECT_THAT(txn.error().error.message(), HasSubstr("member0: HTTP status 404 and no word of"));
    EXPECT_THAT(sent, SizeIs(2));
  }
}

TEST_F(GatewayTest, AsksWhoWasAnEtcdAgainThatHasNoSuchPageNow) {
  const Reply no_such_page = Transport::Answer{404, "404 page not found"};
  const auto gateway =
      gateway_to(in_turn({ok(applied), no_such_page, no_such_page, ok(applied)}), 1);
  ASSERT_TRUE(gateway->transact("{}"));
  const auto txn = gateway->transact("{}");
  ASSERT_TRUE(txn) << txn.error().error.message();
  EXPECT_THAT(sent, SizeIs(4));
}

TEST_F(GatewayTest, RefusesTheAnswerOfAnotherClusterAndAsksThereNoMore) {
  bool first_is_down = false;
  const auto gateway = gateway_to([&](const Sent& now) {
    sent.push_back(now);
    if (now.endpoint == 0) return first_is_down ? no_answer() : ok(applied);
    return ok(txn_of("18"));
  });
  ASSERT_TRUE(gateway->transact("{}"));
  first_is_down = true;
  const auto refused = gateway->transact("{}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.code, Errc::io);
  EXPECT_TRUE(refused.error().may_be_done);
  EXPECT_THAT(refused.error().error.message(),
              HasSubstr("etcd at member1: it is of another cluster than etcd at member0 "
                        "(cluster_id 18 and 17)"));
  sent.clear();
  const auto unanswered = gateway->transact("{}");
  ASSERT_FALSE(unanswered);
  EXPECT_EQ(unanswered.error().error.code, Errc::unavailable);
  for (const auto& each : sent)
    EXPECT_EQ(each.endpoint, 0U);
  first_is_down = false;
  EXPECT_TRUE(gateway->transact("{}"));
}

TEST_F(GatewayTest, TellsWhatAnotherClusterDidFromWhatItDidNot) {
  for (const bool succeeded : {true, false}) {
    sent.clear();
    const auto gateway = gateway_to(in_turn({ok(applied), ok(txn_of("18", succeeded))}), 1);
    ASSERT_TRUE(gateway->transact("{}"));
    const auto txn = gateway->transact("{}");
    ASSERT_FALSE(txn);
    EXPECT_EQ(txn.error().may_be_done, succeeded);
    EXPECT_THAT(txn.error().error.message(), HasSubstr("another cluster than before"));
    EXPECT_FALSE(gateway->transact("{}"));
    EXPECT_THAT(sent, SizeIs(2)) << "it is asked no more";
  }
}

TEST_F(GatewayTest, TakesNoWordOfAnotherClusterOnALease) {
  bool first_is_down = false;
  const auto gateway = gateway_to([&](const Sent& now) {
    if (now.endpoint == 0) return first_is_down ? no_answer() : ok(applied);
    return ok(R"({"result":{"header":{"cluster_id":"18","revision":"7"},"ID":"1"}})");
  });
  ASSERT_TRUE(gateway->transact("{}"));
  first_is_down = true;
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(gateway->attempt(std::chrono::milliseconds(10), request::path::keepalive, "{}",
                                  answer::read_keepalives));
  }
}

TEST_F(GatewayTest, AsksAProxyThatDoesNotSayItsCluster) {
  const auto gateway = gateway_to(in_turn({ok(applied), ok(txn_of("0"))}));
  EXPECT_TRUE(gateway->transact("{}"));
  EXPECT_TRUE(gateway->transact("{}"));
}

TEST_F(GatewayTest, NamesWhoIsDeniedWhat) {
  const auto txn = gateway_to(
                       [](const Sent& now) {
                         return now.path == request::path::authenticate
                                    ? ok(R"({"token":"t"})")
                                    : refused(403, 7, "etcdserver: permission denied");
                       },
                       1, {"me", "hunter2", "/mine"})
                       ->transact("{}");
  ASSERT_FALSE(txn);
  EXPECT_THAT(txn.error().error.message(),
              HasSubstr("the user 'me' may not do that; grant it read and write on the keys of "
                        "/mine/: etcdserver: permission denied"));
}

TEST_F(GatewayTest, RepeatsNoPasswordThatIsRepeatedToIt) {
  for (const int status : {400, 403, 500}) {
    const auto txn =
        gateway_to(
            [&](const Sent& now) {
              return now.path == request::path::authenticate
                         ? Reply(Transport::Answer{
                               status, R"({"code":3,"message":"what is hunter2 about?"})"})
                         : ok(applied);
            },
            1, {"me", "hunter2"})
            ->transact("{}");
    ASSERT_FALSE(txn);
    EXPECT_THAT(txn.error().error.message(),
                AllOf(HasSubstr("repeats the password"), Not(HasSubstr("hunter2"))));
  }
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

TEST_F(GatewayTest, WaitsNoLongerForTheLogInOfAnotherThreadThanForAnAnswer) {
  std::promise<void> asked;
  std::promise<void> over;
  auto is_over = over.get_future();
  const auto gateway = gateway_to(
      [&](const Sent&) {
        asked.set_value();
        static_cast<void>(is_over.wait_for(std::chrono::seconds(20)));
        return refused(400, 3, "etcdserver: authentication failed, invalid user ID or password");
      },
      1, {"me", "hunter2"});
  const auto another = std::async(std::launch::async, [&] { return gateway->transact("{}"); });
  asked.get_future().wait();
  EXPECT_FALSE(gateway->attempt(std::chrono::milliseconds(10), request::path::keepalive, "{}",
                                answer::read_keepalives));
  EXPECT_EQ(another.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  over.set_value();
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
