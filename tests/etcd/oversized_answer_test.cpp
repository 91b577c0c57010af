// SPDX-License-Identifier: Apache-2.0
//
// Answers of more bytes than are read, to requests that etcd has carried out.
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/stranger.hpp"
#include "etcd/wire.hpp"
#include "latchfile/etcd.hpp"
#include "support/code_of.hpp"
#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

/// A server between a store and etcd, which makes answers larger than they are.
class OversizedAnswer : public testing::Test {
 protected:
  using Kind = bool (*)(const Delivered&);
  static bool none(const Delivered&) { return false; }
  static bool all(const Delivered&) { return true; }
  static bool saves(const Delivered& request) { return request.is_save(); }
  static bool destroys(const Delivered& request) { return request.is_destroy(); }
  static bool acquires(const Delivered& request) { return request.is_acquire(); }

  EtcdServer& server = EtcdServer::shared();
  Wire wire{server};
  const std::string prefix = "/oversized";
  /// Of which requests the answers are.
  std::atomic<Kind> oversized{&none};
  const Stranger between{[this](const Stranger::Connection& connection) { pass_on(connection); }};
  const Store store = open_etcd("etcd://" + between.endpoint() + prefix).value();
  const Store direct = open_etcd(server.url(prefix)).value();
  const ContainerId web = id_of("web");

  void TearDown() override {
    oversized = &none;
    if (auto state = direct.lock(web, Wait::at_most(20s))) {
      EXPECT_TRUE(std::move(*state).destroy());
    }
    EXPECT_THAT(server.keys(prefix), IsEmpty());
  }
  void pass_on(const Stranger::Connection& connection) {
    const auto received = connection.receive();
    if (!received) return;
    const auto path = received->find(' ') + 1;
    const Delivered request{received->substr(path, received->find(' ', path) - path),
                            received->substr(received->find("\r\n\r\n") + 4)};
    auto answer = wire.post({request.path, request.body, {}, 20s}, Transport::Clock::now() + 20s);
    if (!answer) return;
    // It is a whole answer all the same, for who would read it.
    if (oversized.load()(request)) answer->body.append(Transport::max_answer_bytes, ' ');
    static_cast<void>(connection.send(
        "HTTP/1.1 " + std::to_string(answer->status) + " Said\r\nConnection: close\r\n" +
        "Content-Length: " + std::to_string(answer->body.size()) + "\r\n\r\n" + answer->body));
  }
  [[nodiscard]] std::string stored() const {
    const auto found = direct.load(web);
    return found ? std::to_string(number_in(found->document).value_or(-1)) : code_of(found);
  }
  void expect_unknown(const Result<>& changed, const std::string& says) const {
    EXPECT_EQ(code_of(changed), "commit_unknown");
    EXPECT_THAT(changed.error().message(),
                AllOf(HasSubstr(says), HasSubstr("etcd at " + between.endpoint() + ": "),
                      HasSubstr("its answer has more than 33554432 bytes")));
  }
};

TEST_F(OversizedAnswer, ToASaveIsFoundOutAboutByALook) {
  ASSERT_TRUE(direct.create(web, Wait::never(), numbered(1)));
  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  oversized = &saves;
  const auto saved = state->save(numbered(2));
  EXPECT_TRUE(saved) << saved.error().message();
  EXPECT_EQ(stored(), "2");
  EXPECT_TRUE(state->save(numbered(3)));
  EXPECT_EQ(stored(), "3");
}

TEST_F(OversizedAnswer, ToASaveIsFoundOutAboutByTheNext) {
  ASSERT_TRUE(direct.create(web, Wait::never(), numbered(1)));
  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  oversized = &all;
  expect_unknown(state->save(numbered(2)), "save web: it may have been saved or may yet be: ");
  EXPECT_EQ(stored(), "2");
  expect_unknown(state->save(numbered(3)), "save web: ");
  EXPECT_EQ(stored(), "2") << "what was saved before is not overwritten unseen";
  oversized = &none;
  const auto saved = state->save(numbered(4));
  EXPECT_TRUE(saved) << saved.error().message();
  EXPECT_EQ(stored(), "4");
}

TEST_F(OversizedAnswer, ToACreateIsFoundOutAboutByALook) {
  oversized = &saves;
  const auto created = store.create(web, Wait::never(), numbered(1));
  EXPECT_TRUE(created) << created.error().message();
  EXPECT_EQ(stored(), "1");
}

TEST_F(OversizedAnswer, ToADestroyIsACommitThatIsUnknown) {
  ASSERT_TRUE(direct.create(web, Wait::never(), numbered(1)));
  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  oversized = &destroys;
  expect_unknown(std::move(*state).destroy(), "destroy web: it may have been removed or may yet");
  EXPECT_EQ(stored(), "not_found");
}

TEST_F(OversizedAnswer, ToAnAcquireLeavesNoLock) {
  ASSERT_TRUE(direct.create(web, Wait::never(), numbered(1)));
  oversized = &acquires;
  const auto state = store.lock(web, Wait::never());
  EXPECT_EQ(code_of(state), "too_large");
  EXPECT_THAT(state.error().message(), HasSubstr("lock web: etcd at " + between.endpoint()));
  EXPECT_THAT(direct.locks().value(), IsEmpty());
}

}  // namespace
}  // namespace latchfile::test
