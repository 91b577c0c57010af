// SPDX-License-Identifier: Apache-2.0
#include "etcd/lease.hpp"

#include <array>
#include <atomic>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/requests.hpp"
#include "support/child.hpp"
#include "support/passing_kernel.hpp"
#include "unit/etcd/fake_transport.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::SizeIs;

/// With a clock that can be put forward.
class LateKernel final : public PassingKernel {
 public:
  Clock::time_point now() override { return real_.now() + late_.load(); }
  void put_forward(Clock::duration by) { late_ = late_.load() + by; }

 private:
  std::atomic<Clock::duration> late_{};
};

constexpr auto ttl = 3s;

std::string confirmed(std::int64_t lease) {
  return R"({"result":{"ID":")" + std::to_string(lease) + R"(","TTL":"3"}})";
}

TEST(LeaseTest, OnceLostStaysSo) {
  const auto begin = Lease::Clock::now();
  Lease lease(gateway_to([](const Sent&) { return no_answer(); }), 1, ttl, begin);
  EXPECT_FALSE(lease.is_lost(begin + ttl - 1ms));
  lease.renew(begin + 1s, begin + 2s);
  EXPECT_FALSE(lease.is_lost(begin + ttl));
  EXPECT_TRUE(lease.is_lost(begin + 1s + ttl));
  lease.renew(begin + 2s, begin + 2s);
  EXPECT_TRUE(lease.is_lost(begin + 2s));
}

TEST(LeaseTest, IsNotRenewedOnceItIsOver) {
  const auto begin = Lease::Clock::now();
  Lease lease(gateway_to([](const Sent&) { return no_answer(); }), 1, ttl, begin);
  lease.renew(begin + ttl - 1ms, begin + ttl);
  EXPECT_LT(lease.good_until(), begin);
  EXPECT_TRUE(lease.is_lost(begin));
}

class KeeperTest : public testing::Test {
 protected:
  /// Outlives the test: the thread that sends may be about to.
  struct Etcd {
    LateKernel kernel;
    std::mutex mutex;
    std::vector<std::string> bodies;
  };
  using Answer = std::function<Reply(Etcd& etcd, std::size_t count)>;

  Keeper& keeper = Keeper::of_this_process(real_kernel());
  std::vector<std::shared_ptr<Lease>> leases;

  static std::shared_ptr<Gateway> gateway_of(const std::shared_ptr<Etcd>& etcd, Answer answer) {
    return gateway_to(
        [etcd, answer = std::move(answer)](const Sent& sent) {
          EXPECT_EQ(sent.path, request::path::keepalive);
          std::size_t count = 0;
          {
            const std::scoped_lock guard(etcd->mutex);
            etcd->bodies.push_back(sent.body);
            count = etcd->bodies.size();
          }
          return answer(*etcd, count);
        },
        1, {}, short_timing, etcd->kernel);
  }
  std::shared_ptr<Lease> keep(const std::shared_ptr<Gateway>& gateway, std::int64_t id) {
    auto lease = std::make_shared<Lease>(gateway, id, ttl, gateway->now());
    EXPECT_TRUE(keeper.keep(lease));
    return leases.emplace_back(std::move(lease));
  }
  static std::vector<std::string> bodies(Etcd& etcd) {
    const std::scoped_lock guard(etcd.mutex);
    return etcd.bodies;
  }
  static bool comes_to_send(Etcd& etcd, std::size_t count) {
    return eventually([&] { return bodies(etcd).size() >= count; });
  }
  void TearDown() override {
    for (const auto& lease : leases)
      keeper.let_go(*lease);
  }
};

TEST_F(KeeperTest, SendsOneRequestForAllOfAStore) {
  const auto one = std::make_shared<Etcd>();
  const auto another = std::make_shared<Etcd>();
  const auto confirm = [](Etcd&, std::size_t) {
    return ok(confirmed(1) + "\n" + confirmed(2) + "\n" + confirmed(3));
  };
  const auto gateway = gateway_of(one, confirm);
  keep(gateway, 1);
  // A moment later, as they are in earnest.
  one->kernel.put_forward(300ms);
  keep(gateway, 2);
  keep(gateway_of(another, confirm), 3);
  EXPECT_TRUE(comes_to_send(*one, 1));
  EXPECT_TRUE(comes_to_send(*another, 1));
  EXPECT_THAT(bodies(*one), ElementsAre(request::keepalive(std::array<std::int64_t, 2>{1, 2})));
  EXPECT_THAT(bodies(*another), ElementsAre(request::keepalive(std::array<std::int64_t, 1>{3})));
}

// The answer may have been on its way for as long as the lease lives.
TEST_F(KeeperTest, CountsFromTheMomentOfSending) {
  const auto etcd = std::make_shared<Etcd>();
  const auto sent = std::make_shared<std::atomic<Lease::Clock::time_point>>();
  const auto gateway = gateway_of(etcd, [sent](Etcd& at, std::size_t count) {
    if (count > 1) return no_answer();
    *sent = at.kernel.now();
    at.kernel.put_forward(ttl / 2);
    return ok(confirmed(1));
  });
  const auto lease = keep(gateway, 1);
  ASSERT_TRUE(comes_to_send(*etcd, 2));
  EXPECT_FALSE(lease->is_lost(sent->load() + ttl - 500ms)) << "it was confirmed";
  EXPECT_TRUE(lease->is_lost(sent->load() + ttl));
}

TEST_F(KeeperTest, WaitsForNoStoreUntilTheLeaseOfAnotherIsOver) {
  const auto patient = [](const Replies& replies) {
    return gateway_to(replies, 1, {}, {.attempt = 100s, .overall = 100s});
  };
  const auto brief = patient([](const Sent&) { return ok(confirmed(1)); });
  const auto limit = std::make_shared<std::atomic<Lease::Clock::duration>>();
  const auto early = std::make_shared<LateKernel>();
  early->put_forward(-6s);
  const auto dead = gateway_to(
      [limit, early](const Sent& sent) {
        *limit = sent.deadline - early->now();
        return no_answer();
      },
      1, {}, {.attempt = 100s, .overall = 100s}, *early);
  const auto lasts = [&](const std::shared_ptr<Gateway>& gateway, std::chrono::seconds time) {
    auto lease = std::make_shared<Lease>(gateway, 1, time, gateway->now());
    EXPECT_TRUE(keeper.keep(lease));
    return leases.emplace_back(std::move(lease));
  };
  lasts(brief, 3s);
  lasts(dead, 20s);  // and is due at once, in a third of that but for the six seconds
  ASSERT_TRUE(eventually([&] { return limit->load() > 0s; }));
  EXPECT_LE(limit->load(), 1500ms);
}

TEST_F(KeeperTest, GivesUpWhatEtcdDoesNotKnow) {
  const auto etcd = std::make_shared<Etcd>();
  const auto gateway =
      gateway_of(etcd, [](Etcd&, std::size_t) { return ok(R"({"result":{"ID":"1"}})"); });
  const auto begin = gateway->now();
  const auto lease = keep(gateway, 1);
  EXPECT_TRUE(eventually([&] { return lease->is_lost(begin); }));
  EXPECT_THAT(bodies(*etcd), SizeIs(1)) << "it was not only its time that was up";
}

}  // namespace
}  // namespace latchfile::test
