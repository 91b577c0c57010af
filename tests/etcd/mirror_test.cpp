// SPDX-License-Identifier: Apache-2.0
//
// What a mirror writes over a wire that loses answers and delivers requests twice.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "etcd/base64.hpp"
#include "etcd/mirror.hpp"
#include "etcd/requests.hpp"
#include "etcd/wire.hpp"
#include "latchfile/local.hpp"
#include "support/numbered_document.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class MirrorWrites : public testing::Test {
 protected:
  EtcdServer& server = EtcdServer::shared();
  const TempDir dir;
  const Store root = open_local(dir / "root").value();
  const std::string prefix =
      std::string("/mirror/") + testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::shared_ptr<Wire> wire = std::make_shared<Wire>(server);
  const Gateway::Timing timing{.attempt = 1000ms, .overall = 100ms, .pause = 5ms};
  const std::shared_ptr<const EtcdSite> site = site_over(wire, server, prefix, 10s, timing);
  const Store there = store_over(std::make_shared<Wire>(server), server, prefix, 10s);
  const ContainerId web = id_of("web");
  Mirror mirror{site, root, [](const Error& error) { ADD_FAILURE() << error.message(); }};

  /// Lets it do all that there is to do.
  static void finish(Mirror& of) {
    for (;;) {
      const auto worked = of.work();
      ASSERT_TRUE(worked) << worked.error().message();
      if (!*worked) return;
    }
  }
  void save(int number) const {
    const auto saved =
        root.update(web, Wait::never(), [&](const Snapshot&) { return numbered(number); });
    ASSERT_TRUE(saved) << saved.error().message();
  }
  [[nodiscard]] std::string published() const {
    const auto found = there.load(web);
    return found ? std::to_string(number_in(found->document).value_or(-1))
                 : std::string(to_string(found.error().code));
  }
  [[nodiscard]] bool is_of_web(const Delivered& request) const {
    std::string key;
    base64::append_to(key, site->keys.state(web));
    return request.has(key);
  }
  [[nodiscard]] std::size_t writes_of_web() const {
    const auto writes = wire->delivered(&Delivered::is_save);
    return static_cast<std::size_t>(
        std::ranges::count_if(writes, [&](const Delivered& each) { return is_of_web(each); }));
  }
  void SetUp() override { ASSERT_TRUE(root.create(web, Wait::never(), numbered(0))); }
};

TEST_F(MirrorWrites, ThatComeTwiceUndoNoLaterOnes) {
  finish(mirror);
  save(1);
  finish(mirror);
  save(2);
  finish(mirror);
  const auto all = wire->delivered(&Delivered::is_save);
  ASSERT_EQ(writes_of_web(), 3U);
  for (const auto& write : all) {
    wire->deliver_again(write);
    EXPECT_EQ(published(), "2");
  }
}

TEST_F(MirrorWrites, ThatGetNoAnswerAreMadeAgainUnderTheSamePresence) {
  finish(mirror);
  int number = 0;
  for (const auto fate : {Fate::lose_answer, Fate::lose_request}) {
    for (int again = 0; again < 3; ++again) {
      save(++number);
      wire->decide(
          [fate](const Delivered& request) { return request.is_save() ? fate : Fate::pass; });
      Result<bool> worked = true;
      while (worked && *worked)
        worked = mirror.work();
      ASSERT_FALSE(worked);
      EXPECT_EQ(worked.error().code, Errc::unavailable);
      EXPECT_FALSE(mirror.is_complete());
      wire->decide(Fate::pass);
      finish(mirror);
      EXPECT_TRUE(mirror.is_complete());
      EXPECT_EQ(published(), std::to_string(number));
    }
  }
  EXPECT_THAT(wire->delivered(&Delivered::is_acquire), SizeIs(1)) << "it was never lost";
}

TEST_F(MirrorWrites, ThatAFullEtcdHasMadeAllTheSameAreMade) {
  finish(mirror);
  save(1);
  wire->once(Fate::say_full, &Delivered::is_save);
  finish(mirror);
  save(2);
  finish(mirror);
  EXPECT_EQ(published(), "2");
  EXPECT_THAT(wire->delivered(&Delivered::is_acquire), SizeIs(1)) << "it was never lost";
}

TEST_F(MirrorWrites, ThatTookThePresenceWithoutAnAnswerAreNotTakenForAnotherMirror) {
  wire->decide([](const Delivered& request) {
    if (request.path == request::path::revoke) return Fate::lose_request;
    return request.is_acquire() ? Fate::lose_answer : Fate::pass;
  });
  const auto worked = mirror.work();
  ASSERT_FALSE(worked);
  EXPECT_EQ(worked.error().code, Errc::unavailable);
  wire->decide(Fate::pass);
  const auto again = mirror.work();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::unavailable) << again.error().message();
}

TEST_F(MirrorWrites, AreOnlyOfWhatIsPublishedOtherwise) {
  finish(mirror);
  EXPECT_EQ(writes_of_web(), 1U);
  mirror.end();
  Mirror next(site, root, [](const Error& error) { ADD_FAILURE() << error.message(); });
  finish(next);
  EXPECT_EQ(writes_of_web(), 1U);
  next.end();
  save(1);
  Mirror last(site, root, [](const Error& error) { ADD_FAILURE() << error.message(); });
  finish(last);
  EXPECT_EQ(writes_of_web(), 2U);
  EXPECT_EQ(published(), "1");
}

TEST_F(MirrorWrites, OfOneWhosePresenceWasTakenAreRefused) {
  finish(mirror);
  server.remove(site->keys.alive());
  Mirror other(site, root, [](const Error& error) { ADD_FAILURE() << error.message(); });
  finish(other);
  save(1);
  Result<bool> worked = true;
  while (worked && *worked)
    worked = mirror.work();
  ASSERT_FALSE(worked);
  EXPECT_EQ(worked.error().code, Errc::locked);
  finish(other);
  EXPECT_EQ(published(), "1");
}

TEST_F(MirrorWrites, OfOneWhosePresenceIsGoneAreMadeUnderANewOne) {
  finish(mirror);
  server.remove(site->keys.alive());
  save(1);
  finish(mirror);
  EXPECT_EQ(published(), "1");
  EXPECT_THAT(server.keys(prefix), Contains(site->keys.alive()));
}

TEST_F(MirrorWrites, SayNowAndThenThatItIsThere) {
  const auto brief = site_over(wire, server, prefix, 1s);
  Mirror idle(brief, root, [](const Error& error) { ADD_FAILURE() << error.message(); });
  finish(idle);
  const auto before = wire->delivered(&Delivered::is_save).size();
  EXPECT_TRUE(eventually([&] {
    finish(idle);
    return wire->delivered(&Delivered::is_save).size() >= before + 2;
  }));
  EXPECT_EQ(writes_of_web(), 1U);
}

TEST_F(MirrorWrites, OfWhatIsTooLargeRemoveWhatWasThereBefore) {
  finish(mirror);
  mirror.end();
  save(1);
  ASSERT_TRUE(root.create(id_of("db"), Wait::never(), numbered(2)));
  wire->decide([&](const Delivered& request) {
    return is_of_web(request) && !request.is_destroy() ? Fate::too_large : Fate::pass;
  });
  std::vector<std::string> complaints;
  Mirror next(site, root, [&](const Error& error) { complaints.push_back(error.message()); });
  finish(next);
  EXPECT_THAT(complaints, ElementsAre(HasSubstr("publish web: ")));
  EXPECT_EQ(published(), "not_found");
  EXPECT_TRUE(there.load(id_of("db")));
}

TEST_F(MirrorWrites, LeaveWhatCannotBeRead) {
  finish(mirror);
  mirror.end();
  write_text(dir / "root/web.state", "{");
  std::vector<std::string> complaints;
  Mirror next(site, root, [&](const Error& error) { complaints.push_back(error.message()); });
  finish(next);
  EXPECT_THAT(complaints, ElementsAre(HasSubstr("web.state is corrupt")));
  EXPECT_EQ(published(), "0");
}

TEST_F(MirrorWrites, RemoveWhatIsRemoved) {
  finish(mirror);
  auto state = root.lock(web, Wait::never());
  ASSERT_TRUE(std::move(*state).destroy());
  finish(mirror);
  EXPECT_EQ(published(), "not_found");
  for (const auto& write : wire->delivered(&Delivered::is_save))
    wire->deliver_again(write);
  EXPECT_EQ(published(), "not_found") << "also by what comes late";
}

}  // namespace
}  // namespace latchfile::test
