// SPDX-License-Identifier: Apache-2.0
#include "contract/contract.hpp"

#include <poll.h>
#include <thread>

#include "support/child.hpp"
#include "support/followed.hpp"

namespace latchfile::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string one = R"({"n":1})";
const std::string two = R"({"n":2})";

class Watching : public Contract {
 protected:
  void save(const ContainerId& id, const std::string& bytes) const {
    const auto saved = store.update(
        id, Wait::never(), [&](const Snapshot&) -> Result<Document> { return document_of(bytes); });
    ASSERT_TRUE(saved) << saved.error().message();
  }
  void destroy(const ContainerId& id) const {
    auto state = store.lock(id, Wait::never());
    ASSERT_TRUE(state) << state.error().message();
    ASSERT_TRUE(std::move(*state).destroy());
  }
  /// What was told until now: a last change tells that there is nothing more before it.
  [[nodiscard]] std::vector<std::string> told_so_far(Watch& watch) {
    create(id_of("zz-last"), document_of("{}"));
    auto all = told_until(watch, "created zz-last {}");
    if (!all.empty()) all.pop_back();
    destroy(id_of("zz-last"));
    static_cast<void>(told_until(watch, "deleted zz-last"));
    return all;
  }
  [[nodiscard]] static bool is_readable(const Watch& watch) {
    pollfd polled{watch.descriptor(), POLLIN, 0};
    return poll(&polled, 1, 0) == 1;
  }
};

TEST_P(Watching, OfAStoreThatWasNeverWrittenTellsThatNothingIsThere) {
  auto watch = store.watch().value();
  EXPECT_THAT(told(watch), ElementsAre("listed"));
  EXPECT_THAT(told(watch, Wait::never()), IsEmpty());
  EXPECT_THAT(fixture->inventory(), IsEmpty());
  create(web, document_of(one));
  EXPECT_THAT(told(watch), ElementsAre("created web " + one)) << "the first write of all";
}

TEST_P(Watching, TellsFirstWhatIsThereAndThenEveryChange) {
  create(web, document_of(one));
  create(in_pod, document_of(two));
  auto watch = store.watch().value();
  EXPECT_THAT(told_until(watch, "listed"),
              ElementsAre("present pod1/web " + two, "present web " + one, "listed"));
  EXPECT_THAT(told(watch, Wait::never()), IsEmpty());

  save(web, two);
  EXPECT_THAT(told(watch), ElementsAre("changed web " + two));
  destroy(in_pod);
  EXPECT_THAT(told(watch), ElementsAre("deleted pod1/web"));
  create(in_pod, document_of(one));
  EXPECT_THAT(told(watch), ElementsAre("created pod1/web " + one));
}

TEST_P(Watching, TellsWhatChangesBeforeItIsAskedForTheFirstTime) {
  create(web, document_of(one));
  create(in_pod, document_of(one));
  auto watch = store.watch().value();
  save(web, two);
  destroy(in_pod);
  create(id_of("db"), document_of(two));
  Followed followed;
  EXPECT_TRUE(eventually([&] {
    return followed.take_all(watch).empty() && followed.view() == View{{"db", two}, {"web", two}};
  }));
  EXPECT_EQ(followed.fault(), "");
}

TEST_P(Watching, MergesStepsAndTellsTheLast) {
  auto watch = store.watch().value();
  ASSERT_THAT(told(watch), ElementsAre("listed"));
  create(web, numbered(0));
  for (int i = 1; i <= 50; ++i)
    save(web, numbered(i).bytes());
  const auto all = told_so_far(watch);
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.back().substr(8), "web " + numbered(50).bytes());
}

TEST_P(Watching, TellsNothingOfWhatComesToTheSame) {
  create(web, document_of(one));
  auto watch = store.watch().value();
  static_cast<void>(told_until(watch, "listed"));
  save(web, one);
  EXPECT_THAT(told_so_far(watch), IsEmpty());
  {
    const auto held = store.lock(web, Wait::never());
    const auto vacancy = store.lock_for_new(in_pod, Wait::never());
  }
  EXPECT_THAT(told_so_far(watch), IsEmpty()) << "nor of locks";
}

TEST_P(Watching, OfSomeTellsOfNoOthers) {
  create(web, document_of(one));
  create(id_of("db"), document_of(one));
  auto watch = store.watch({in_pod, web}).value();
  EXPECT_THAT(told(watch), ElementsAre("present web " + one, "listed"));
  save(id_of("db"), two);
  create(id_of("dc"), document_of(two));
  create(in_pod, document_of(two));
  EXPECT_THAT(told(watch), ElementsAre("created pod1/web " + two));
  destroy(web);
  EXPECT_THAT(told(watch), ElementsAre("deleted web"));
}

TEST_P(Watching, OfNoneHasNothingToTell) {
  create(web, document_of(one));
  auto watch = store.watch(std::vector<ContainerId>()).value();
  EXPECT_THAT(told(watch), ElementsAre("listed"));
}

TEST_P(Watching, WakesWhoWaitsForAChangeThroughAnotherHandle) {
  create(web, document_of(one));
  auto watch = store.watch().value();
  static_cast<void>(told_until(watch, "listed"));
  std::jthread writer([other = fixture->open(), this] {
    static_cast<void>(other.update(web, Wait::forever(), [](const Snapshot&) -> Result<Document> {
      return document_of(two);
    }));
  });
  EXPECT_THAT(told(watch, Wait::forever()), ElementsAre("changed web " + two));
}

TEST_P(Watching, EndsAWaitInWhichNothingHappened) {
  auto watch = store.watch().value();
  static_cast<void>(told_until(watch, "listed"));
  EXPECT_THAT(told(watch, Wait::at_most(std::chrono::milliseconds(2))), IsEmpty());
}

TEST_P(Watching, HasADescriptorForTheLoopsOfOthers) {
  create(web, document_of(one));
  auto watch = store.watch().value();
  const int descriptor = watch.descriptor();
  Followed followed;
  ASSERT_EQ(followed.take_all(watch), "");
  EXPECT_TRUE(followed.is_listed());
  EXPECT_FALSE(is_readable(watch));
  save(web, two);
  EXPECT_TRUE(eventually([&] { return is_readable(watch); }));
  EXPECT_TRUE(eventually(
      [&] { return followed.take_all(watch).empty() && followed.view() == View{{"web", two}}; }));
  EXPECT_TRUE(eventually([&] { return followed.take_all(watch).empty() && !is_readable(watch); }));
  EXPECT_EQ(watch.descriptor(), descriptor);
}

TEST_P(Watching, TellsOfWhatCannotBeReadAndOfItsRepair) {
  fixture->plant(web, "{");
  auto watch = store.watch().value();
  EXPECT_THAT(told(watch), ElementsAre("present web corrupt", "listed"));
  fixture->plant(web, one);
  EXPECT_EQ(told_until(watch, "changed web " + one).back(), "changed web " + one);
  if (!fixture->plant_untrusted(in_pod)) return;
  EXPECT_THAT(told(watch), ElementsAre("created pod1/web insecure"));
}

TEST_P(Watching, TellsOfMoreThanOneWindowInOrder) {
  constexpr int count = 1100;
  for (int i = 0; i < count; ++i)
    fixture->plant(id_of("c" + std::to_string(i)), R"({"n":)" + std::to_string(i) + "}");
  auto watch = store.watch().value();
  std::vector<std::string> expected;
  for (const auto& [id, content] : view_of(store))
    expected.push_back("present " + id + " " + content);
  expected.emplace_back("listed");
  const auto first = told(watch);
  EXPECT_LT(first.size(), expected.size()) << "all at once";
  auto all = first;
  const auto rest = told_until(watch, "listed");
  all.insert(all.end(), rest.begin(), rest.end());
  EXPECT_EQ(all, expected);
}

TEST_P(Watching, IsNotDisturbedByChangesBetweenTwoWindows) {
  for (int i = 0; i < 1100; ++i)
    fixture->plant(id_of("c" + std::to_string(1000 + i)), "{}");
  auto watch = store.watch().value();
  Followed followed;
  const auto first = watch.next(Wait::never());
  ASSERT_TRUE(first);
  for (const auto& event : *first)
    followed.take(event);
  ASSERT_FALSE(followed.is_listed());
  for (const auto* id : {"c1000", "c2099"}) {
    save(id_of(id), two);
    destroy(id_of(std::string(id) == "c1000" ? "c1001" : "c2098"));
  }
  create(id_of("a"), document_of(one));
  EXPECT_TRUE(eventually(
      [&] { return followed.take_all(watch).empty() && followed.view() == view_of(store); }));
  EXPECT_EQ(followed.fault(), "");
}

TEST_P(Watching, CanBeDoneByAnyNumberAtOnceAndOutlivesTheStore) {
  create(web, document_of(one));
  auto first = store.watch().value();
  auto second = fixture->open().watch().value();
  auto third = store.watch({web}).value();
  for (auto* watch : {&first, &second, &third})
    EXPECT_THAT(told(*watch), ElementsAre("present web " + one, "listed"));
  save(web, two);
  first = std::move(second);
  for (auto* watch : {&first, &third})
    EXPECT_THAT(told(*watch), ElementsAre("changed web " + two));
}

LATCHFILE_CONTRACT(Watching);

}  // namespace
}  // namespace latchfile::test
