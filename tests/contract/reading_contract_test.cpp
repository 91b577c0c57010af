// SPDX-License-Identifier: Apache-2.0
#include "contract/contract.hpp"

#include <algorithm>
#include <array>

namespace latchfile::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// JSON that a parser and a printer would spell otherwise.
constexpr std::string_view odd_bytes =
    "\t{ \"b\" : 1.50e+1, \"a\":[ ] ,\"b\":-0,\"n\":123456789012345678901234567890.10,"
    "\"u\":\"\\u00e9\xc3\xa9\\/\" }\n\n";

class Reading : public Contract {};

TEST_P(Reading, FindsNothingInAStoreThatWasNeverWritten) {
  EXPECT_THAT(texts(store.list()), IsEmpty());
  EXPECT_THAT(texts(store.list_sandbox("pod1")), IsEmpty());
  EXPECT_THAT(store.load_all().value(), IsEmpty());
  EXPECT_THAT(store.locks().value(), IsEmpty());
  EXPECT_EQ(code_of(store.load(web)), "not_found");
  EXPECT_EQ(code_of(store.resolve("web")), "not_found");
  EXPECT_THAT(fixture->inventory(), IsEmpty());
}

TEST_P(Reading, LeavesNoTraceOfAnIdThatDoesNotExist) {
  create(web);
  const auto before = fixture->inventory();
  EXPECT_EQ(code_of(store.load(in_pod)), "not_found");
  EXPECT_EQ(code_of(store.lock(in_pod, Wait::forever())), "not_found");
  EXPECT_EQ(code_of(store.update(in_pod, Wait::forever(), increment)), "not_found");
  EXPECT_EQ(fixture->inventory(), before);
}

TEST_P(Reading, KeepsDocumentsByteForByte) {
  for (const auto& id : {web, in_pod}) {
    create(id, document_of(std::string(odd_bytes)));
    EXPECT_EQ(fixture->open().load(id)->document.bytes(), odd_bytes);
    EXPECT_EQ(store.lock(id, Wait::never())->current().document.bytes(), odd_bytes);
  }
  EXPECT_EQ(store.load_all()->at(0).state->document.bytes(), odd_bytes);
}

TEST_P(Reading, KeepsTheLargestDocument) {
  std::string bytes = R"({"padding":")";
  bytes.append(Document::max_bytes - bytes.size() - 2, 'x').append("\"}");
  create(web, document_of(bytes));
  EXPECT_TRUE(store.load(web)->document.bytes() == bytes);
}

TEST_P(Reading, KeepsIdsOfBothFormsApart) {
  create(web, numbered(1));
  create(in_pod, numbered(2));
  create(id_of("pod2/web"), numbered(3));
  EXPECT_EQ(number_in(store.load(web)->document), 1);
  EXPECT_EQ(number_in(store.load(in_pod)->document), 2);
  EXPECT_EQ(number_in(store.load(id_of("pod2/web"))->document), 3);
  EXPECT_EQ(code_of(store.load(id_of("pod1"))), "not_found");
}

TEST_P(Reading, TakesIdsOfEveryCharacterAndOfTheGreatestLength) {
  const std::vector<std::string> ids = {".",
                                        "..",
                                        "-",
                                        "+a_B.9",
                                        "..state",
                                        "a.lock",
                                        "a.state",
                                        "a.state.tmp",
                                        "a_sandbox",
                                        "../..",
                                        "_sandbox/_sandbox",
                                        std::string(ContainerId::max_bytes, 'z'),
                                        std::string(200, 's') + "/" + std::string(21, 'c')};
  for (const auto& text : ids)
    create(id_of(text), document_of(R"({"id":")" + text + "\"}"));
  auto sorted = ids;
  std::ranges::sort(sorted);
  EXPECT_EQ(texts(store.list()), sorted);
  for (const auto& text : ids)
    EXPECT_EQ(stored(id_of(text)), R"({"id":")" + text + "\"}");
}

TEST_P(Reading, ListsInOrder) {
  for (const auto* id : {"web", "pod1/web", "a", "pod1/a", "Z", "pod10/a"})
    create(id_of(id));
  EXPECT_THAT(texts(store.list()), ElementsAre("Z", "a", "pod1/a", "pod1/web", "pod10/a", "web"));
}

TEST_P(Reading, ListsOneSandboxAndNotItsNamesakes) {
  for (const auto* id : {"pod1", "pod1/web", "pod1/a", "pod10/a", "od1/a", "web"}) {
    create(id_of(id));
  }
  EXPECT_THAT(texts(store.list_sandbox("pod1")), ElementsAre("pod1/a", "pod1/web"));
  EXPECT_THAT(texts(store.list_sandbox("web")), IsEmpty());
  EXPECT_EQ(code_of(store.list_sandbox("")), "invalid_argument");
  EXPECT_EQ(code_of(store.list_sandbox("pod1/web")), "invalid_argument");
  EXPECT_EQ(code_of(store.list_sandbox("pod*")), "invalid_argument");
}

TEST_P(Reading, VersionsAreEqualIfAndOnlyIfDocumentsAre) {
  create(web, document_of(R"({"a":1})"));
  create(in_pod, document_of(R"({"a":1})"));
  const auto version = store.load(web)->version();
  EXPECT_EQ(version, store.load(in_pod)->version());
  EXPECT_EQ(version, *Version::parse(version.text()));

  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state->save(document_of(R"({"a": 1})")));
  EXPECT_NE(store.load(web)->version(), version);
  ASSERT_TRUE(state->save(document_of(R"({"a":1})")));
  EXPECT_EQ(store.load(web)->version(), version);
}

TEST_P(Reading, ReportsWhatIsNoDocumentAndLeavesIt) {
  for (const std::string bytes : {"", "{", "[]", "null", "{}{}", "{\"a\":\"\xff\"}", "\0\0\0"}) {
    fixture->plant(web, bytes);
    const auto before = fixture->inventory();
    EXPECT_EQ(code_of(store.load(web)), "corrupt") << bytes;
    EXPECT_EQ(code_of(store.lock(web, Wait::never())), "corrupt") << bytes;
    EXPECT_EQ(code_of(store.lock_for_new(web, Wait::never())), "already_exists") << bytes;
    EXPECT_THAT(texts(store.list()), ElementsAre("web"));
  }
}

TEST_P(Reading, ReportsWhatIsTooLarge) {
  fixture->plant(web, "{}" + std::string(Document::max_bytes - 1, ' '));
  EXPECT_EQ(code_of(store.load(web)), "too_large");
  EXPECT_EQ(code_of(store.lock(web, Wait::never())), "too_large");
}

TEST_P(Reading, ReportsWhatCannotBeTrusted) {
  if (!fixture->plant_untrusted(web)) GTEST_SKIP() << "nothing can be planted there";
  EXPECT_EQ(code_of(store.load(web)), "insecure");
  EXPECT_EQ(code_of(store.lock(web, Wait::never())), "insecure");
  EXPECT_EQ(code_of(store.lock_for_new(web, Wait::never())), "already_exists");
}

TEST_P(Reading, AnErrorSaysWhatFailedOnWhichId) {
  EXPECT_THAT(store.load(in_pod).error().message(), HasSubstr("load pod1/web: "));
  fixture->plant(in_pod, "{");
  EXPECT_THAT(store.load(in_pod).error().message(), HasSubstr("load pod1/web: "));
  EXPECT_THAT(store.load(in_pod).error().message(), Not(HasSubstr("\n")));
}

TEST_P(Reading, LoadsAllWithOneBadEntryAmongThem) {
  create(id_of("a"), numbered(1));
  fixture->plant(id_of("b"), "{\"torn\":");
  create(id_of("pod1/c"), numbered(3));
  const auto entries = store.load_all().value();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].id.text(), "a");
  EXPECT_EQ(number_in(entries[0].state->document), 1);
  EXPECT_EQ(entries[1].id.text(), "b");
  EXPECT_EQ(code_of(entries[1].state), "corrupt");
  EXPECT_EQ(entries[2].id.text(), "pod1/c");
  EXPECT_EQ(number_in(entries[2].state->document), 3);
}

TEST_P(Reading, LoadsManyInOrderThroughBothOverloads) {
  constexpr int count = 1100;  // more than any backend holds at a time
  for (int i = 0; i < count; ++i) {
    fixture->plant(id_of("c" + std::to_string(i)), R"({"n":)" + std::to_string(i) + "}");
  }
  const auto ids = store.list().value();
  ASSERT_EQ(ids.size(), static_cast<std::size_t>(count));
  ASSERT_TRUE(std::ranges::is_sorted(ids));

  std::size_t visited = 0;
  const auto check = [&](const LoadedEntry& entry) {
    ASSERT_LT(visited, ids.size());
    EXPECT_EQ(entry.id, ids[visited++]);
    EXPECT_EQ(entry.state->document.bytes(),
              R"({"n":)" + std::string(entry.id.text().substr(1)) + "}");
  };
  const auto entries = store.load_all().value();
  for (const auto& entry : entries)
    check(entry);
  EXPECT_EQ(visited, ids.size());
  visited = 0;
  ASSERT_TRUE(store.load_all([&](LoadedEntry entry) { check(entry); }));
  EXPECT_EQ(visited, ids.size());
}

TEST_P(Reading, LeavesOutWhatVanishesWhileAllIsLoaded) {
  for (int i = 0; i < 600; ++i)
    fixture->plant(id_of("c" + std::to_string(1000 + i)), "{}");
  const auto last = id_of("c1599");
  std::vector<std::string> seen;
  ASSERT_TRUE(store.load_all([&](LoadedEntry entry) {
    if (seen.empty()) {
      // The first window is loaded, the second one only listed.
      auto state = store.lock(last, Wait::never());
      ASSERT_TRUE(std::move(*state).destroy());
    }
    EXPECT_TRUE(entry.state) << entry.state.error().message();
    seen.emplace_back(entry.id.text());
  }));
  EXPECT_EQ(seen.size(), 599U);
  EXPECT_THAT(seen, Not(testing::Contains(last.text())));
}

TEST_P(Reading, ResolvesTheExactIdFirst) {
  for (const auto* id : {"web", "web2", "pod1/web", "pod1/web2"})
    create(id_of(id));
  EXPECT_EQ(store.resolve("web")->text(), "web");
  EXPECT_EQ(store.resolve("pod1/web")->text(), "pod1/web");
}

TEST_P(Reading, ResolvesANameInWhateverSandboxBeforeBeginnings) {
  for (const auto* id : {"pod1/web", "pod1/web2", "web3"})
    create(id_of(id));
  EXPECT_EQ(store.resolve("web")->text(), "pod1/web");
  create(id_of("pod2/web"));
  const auto several = store.resolve("web");
  ASSERT_EQ(code_of(several), "invalid_argument");
  EXPECT_THAT(several.error().message(), HasSubstr("pod1/web, pod2/web"));
}

TEST_P(Reading, ResolvesTheOnlyIdThatBeginsSo) {
  for (const auto* id : {"alpha", "pod1/beta", "pod2/bravo"})
    create(id_of(id));
  EXPECT_EQ(store.resolve("al")->text(), "alpha");
  EXPECT_EQ(store.resolve("be")->text(), "pod1/beta");
  EXPECT_EQ(store.resolve("pod2/b")->text(), "pod2/bravo");
  EXPECT_EQ(code_of(store.resolve("b")), "invalid_argument");
  EXPECT_EQ(code_of(store.resolve("pod2/be")), "not_found");
  // The text is the beginning of the container's part, not of the sandbox's.
  EXPECT_EQ(code_of(store.resolve("pod1")), "not_found");
  EXPECT_EQ(code_of(store.resolve("al*")), "invalid_argument");
  EXPECT_EQ(code_of(store.resolve("")), "invalid_argument");
}

TEST_P(Reading, NamesNoMoreThanTenOfManyThatMayBeMeant) {
  for (int i = 10; i < 22; ++i)
    create(id_of("c" + std::to_string(i)));
  const auto message = store.resolve("c").error().message();
  EXPECT_THAT(message, HasSubstr("12 containers"));
  EXPECT_THAT(message, HasSubstr("c19 and 2 more"));
  EXPECT_THAT(message, Not(HasSubstr("c20")));
}

LATCHFILE_CONTRACT(Reading);

}  // namespace
}  // namespace latchfile::test
