// SPDX-License-Identifier: Apache-2.0
#include "base/sorted_ids.hpp"

#include <algorithm>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace latchfile {
namespace {

std::vector<std::string> texts_of(const std::vector<ContainerId>& ids) {
  std::vector<std::string> texts;
  for (const auto& id : ids)
    texts.emplace_back(id.text());
  return texts;
}

/// Texts of few letters and all lengths, so that many begin alike and some are the same.
std::string random_part(std::mt19937& random, std::size_t most_bytes) {
  constexpr std::string_view letters = "ab.";
  std::string part(1 + random() % most_bytes, 'a');
  const auto common = random() % part.size();
  for (auto at = common; at < part.size(); ++at)
    part[at] = letters[random() % letters.size()];
  return part;
}

TEST(SortedIds, AreInTheOrderOfTheirTextsEachOnce) {
  std::mt19937 random(1);
  for (const int count : {0, 1, 2, 63, 64, 65, 5'000}) {
    SortedIds ids;
    std::set<std::string> expected;
    for (int i = 0; i < count; ++i) {
      const auto sandbox = random() % 2 == 0 ? "" : random_part(random, 12);
      const auto container = random_part(random, 40);
      ids.add(sandbox, container);
      expected.insert(sandbox.empty() ? container : sandbox + "/" + container);
    }
    EXPECT_EQ(texts_of(std::move(ids).take()),
              std::vector<std::string>(expected.begin(), expected.end()))
        << count;
  }
}

TEST(SortedIds, AreThoseThatTheirTextsParseTo) {
  SortedIds ids;
  const std::string longest(ContainerId::max_bytes, 'x');
  ids.add("", "web");
  ids.add("pod1", "web");
  ids.add("", longest);
  ids.add("s", std::string(ContainerId::max_bytes - 10, 'y'));
  for (const auto& id : std::move(ids).take()) {
    const auto parsed = ContainerId::parse(id.text());
    ASSERT_TRUE(parsed) << id.text();
    EXPECT_EQ(*parsed, id);
    EXPECT_EQ(parsed->container(), id.container());
    EXPECT_EQ(parsed->sandbox(), id.sandbox());
  }
}

TEST(SortedIds, PassOverWhatNoIdIsMadeOf) {
  SortedIds ids;
  ids.add("", "");
  ids.add("pod1", "");
  ids.add("", "we ird");
  ids.add("p*d", "web");
  ids.add("", std::string(ContainerId::max_bytes + 1, 'x'));
  ids.add("s", std::string(ContainerId::max_bytes - 9, 'x'));
  EXPECT_TRUE(std::move(ids).take().empty());
}

TEST(SortedIds, OutliveTheOthersOfTheirList) {
  SortedIds many;
  many.add("", "a-name-that-is-longer-than-a-short-string");
  many.add("", "b");
  auto ids = std::move(many).take();
  const auto kept = ids.front();
  ids.clear();
  ids.shrink_to_fit();
  EXPECT_EQ(kept.text(), "a-name-that-is-longer-than-a-short-string");
}

}  // namespace
}  // namespace latchfile
