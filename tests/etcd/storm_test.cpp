// SPDX-License-Identifier: Apache-2.0
//
// Whatever happens to the members of a cluster and to those who write there, each container behaves
// as if one process did it all in some order. LATCHFILE_ETCD_STORM_OPERATIONS sets how long the
// longer storm is, LATCHFILE_STORM_SEED repeats what another one chose.
#include "etcd/storm.hpp"

#include <cstdlib>
#include <iostream>
#include <mutex>
#include <random>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/curl_transport.hpp"
#include "etcd/etcd_backend.hpp"
#include "etcd/requests.hpp"
#include "posix/real_kernel.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;

long number_from(const char* variable, long otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtol(text, nullptr, 10);
}

enum class Fence { whole, none };

/// A way to the members on which every fourth change comes a second time, behind later ones.
/// Without a fence saves are sent without their conditions.
class Echo final : public Transport {
 public:
  Echo(std::vector<Endpoint> endpoints, Fence fence)
      : direct_(real_kernel(), std::move(endpoints), Tls{}), fence_(fence) {}

  Result<Answer> post(std::size_t endpoint, const Request& request,
                      Clock::time_point deadline) override {
    if (request.path != request::path::txn || !is_change(request.body)) {
      return direct_.post(endpoint, request, deadline);
    }
    std::string body(request.body);
    const std::string_view begin = R"({"compare":[)";
    if (fence_ == Fence::none && !body.contains("\"lease\":") && body.starts_with(begin)) {
      body.erase(begin.size(), body.find(']') - begin.size());
    }
    std::string late;
    {
      const std::scoped_lock guard(mutex_);
      if (++changes_ % 4 == 1) late = std::exchange(kept_, body);
    }
    auto sent = request;
    sent.body = body;
    auto answer = direct_.post(endpoint, sent, deadline);
    if (!late.empty()) {
      sent.body = late;
      static_cast<void>(direct_.post(endpoint, sent, deadline));
    }
    return answer;
  }
  Result<std::unique_ptr<Stream>> new_stream() override { return direct_.new_stream(); }

 private:
  static bool is_change(std::string_view body) {
    return body.contains("request_put") || body.contains("request_delete_range");
  }

  CurlTransport direct_;
  const Fence fence_;
  std::mutex mutex_;
  long changes_ = 0;
  std::string kept_;  ///< the one that comes again
};

class EtcdStorm : public testing::Test {
 protected:
  static constexpr auto ttl = 2s;
  static constexpr auto patience = 4s;

  EtcdCluster cluster;
  const std::vector<ContainerId> ids{id_of("a"), id_of("pod1/b"), id_of("pod1/c")};
  const unsigned seed = static_cast<unsigned>(
      number_from("LATCHFILE_STORM_SEED", static_cast<long>(std::random_device()())));

  [[nodiscard]] Store open(const std::string& prefix, Fence fence) const {
    std::vector<Endpoint> endpoints;
    std::vector<std::string> names;
    for (std::size_t member = 0; member < EtcdCluster::size; ++member) {
      endpoints.push_back({"localhost", cluster.socket(member)});
      names.push_back(cluster.socket(member));
    }
    auto gateway = std::make_shared<Gateway>(
        real_kernel(), std::make_unique<Echo>(std::move(endpoints), fence), std::move(names),
        Login{}, Gateway::Timing{.overall = patience});
    return Store(std::make_shared<const EtcdBackend>(std::make_shared<const EtcdSite>(
        EtcdSite{"etcd://cluster" + prefix, Keys(prefix), ttl, std::move(gateway)})));
  }

  [[nodiscard]] StormReport blow_over(const Store& store, const EtcdStormPlan& plan) {
    const auto begin = std::chrono::steady_clock::now();
    const auto [report, faults] = blow(cluster, store, ids, plan);
    const auto took = std::chrono::steady_clock::now() - begin;
    std::cout << report.operations << " operations, " << report.unavailable << " unavailable, "
              << report.unknown << " changes unknown, " << report.lost
              << " after the lock was lost, " << report.interrupted
              << " interrupted or unknown to the end, " << report.unexpected << " unexpected, "
              << report.violations.size() << " violations in "
              << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms;";
    for (const auto& [name, times] : faults)
      std::cout << ' ' << name << ": " << times << ';';
    std::cout << " seed " << plan.seed << '\n';
    return report;
  }
};

TEST_F(EtcdStorm, LeavesAHistoryThatOneProcessCouldHaveMade) {
  const auto operations = number_from("LATCHFILE_ETCD_STORM_OPERATIONS", 500);
  const auto report = blow_over(open("/storm", Fence::whole),
                                {.operations = operations, .faults = 10, .seed = seed});
  EXPECT_EQ(report.unexpected, 0) << report.first_unexpected << ", seed " << seed;
  EXPECT_THAT(report.violations, testing::IsEmpty()) << "seed " << seed;
  for (const auto length : report.lengths) {
    EXPECT_GT(length, static_cast<std::size_t>(operations) / 10);
  }
}

TEST_F(EtcdStorm, FindsSavesThatAreNotFenced) {
  bool found = false;
  for (unsigned storm = 0; storm < 20 && !found; ++storm) {
    const auto store = open("/unfenced" + std::to_string(storm), Fence::none);
    found = !blow_over(store, {.operations = 500, .faults = 2, .seed = seed + storm})
                 .violations.empty();
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace latchfile::test
