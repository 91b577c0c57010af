// SPDX-License-Identifier: Apache-2.0
#include "local/names.hpp"

#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

ContainerId id_of(std::string_view text) { return ContainerId::parse(text).value(); }

std::string state_id(std::string_view name) {
  const auto id = names::parse(name, names::state_suffix);
  return id ? std::string(id->text()) : "none";
}

TEST(Names, OfAContainerAlone) {
  EXPECT_EQ(names::state(id_of("web")), "web.state");
  EXPECT_EQ(names::lock(id_of("web")), "web.lock");
  EXPECT_EQ(names::temp(id_of("web")), "web.state.tmp");
}

TEST(Names, OfAContainerInASandbox) {
  EXPECT_EQ(names::state(id_of("pod1/web")), "web_sandbox:pod1.state");
  EXPECT_EQ(names::lock(id_of("pod1/web")), "web_sandbox:pod1.lock");
  EXPECT_EQ(names::temp(id_of("pod1/web")), "web_sandbox:pod1.state.tmp");
}

TEST(Names, TheLongestIdsFitADirectoryEntry) {
  constexpr std::size_t name_max = 255;
  const auto alone = id_of(std::string(ContainerId::max_bytes, 'a'));
  const auto inside = id_of("p/" + std::string(ContainerId::max_bytes - 10, 'a'));
  const std::string quarantined = ".corrupt-20260101T000000Z";
  for (const auto& id : {alone, inside}) {
    EXPECT_LE(names::temp(id).size(), name_max);
    EXPECT_LE((names::stem(id) + quarantined).size(), name_max);
  }
}

TEST(Names, ComeBackAsTheIdTheyWereMadeFrom) {
  for (const auto* text : {"web", "pod1/web", "web.state", "pod.state/web.state.tmp", "a_sandbox",
                           "b_sandbox/a_sandbox", ".", "..", "./..", "+-_.", "web.lock"}) {
    const auto id = id_of(text);
    EXPECT_EQ(names::parse(names::state(id), names::state_suffix), id) << text;
    EXPECT_EQ(names::parse(names::lock(id), names::lock_suffix), id) << text;
    EXPECT_FALSE(names::parse(names::temp(id), names::state_suffix)) << text;
  }
}

TEST(Names, OfAQuarantineTellTheIdAndTheTime) {
  using namespace std::chrono;
  const sys_seconds time = sys_days{2026y / July / 4} + 9h + 5min + 7s;
  EXPECT_EQ(names::quarantine(id_of("web"), time), "web.corrupt-20260704T090507Z");
  EXPECT_EQ(names::quarantine(id_of("pod1/web"), {}), "web_sandbox:pod1.corrupt-19700101T000000Z");
  for (const auto* text : {"web", "pod1/web", "web.corrupt-20260704T090507Z"})
    EXPECT_EQ(names::parse_quarantine(names::quarantine(id_of(text), time)), id_of(text));
  for (const auto* name : {"web.corrupt-20260704T09050Z", "web.corrupt-20260704 090507Z", "",
                           "web.corrupt-20260704T090507", ".corrupt-20260704T090507Z",
                           "web.corrupt-2026070aT090507Z", "20260704T090507Z"}) {
    EXPECT_FALSE(names::parse_quarantine(name)) << name;
  }
}

TEST(Names, OfNeitherFormAreNotOurs) {
  for (const auto* name :
       {"we ird_sandbox:x.state", "_sandbox:x.state", "web_sandbox:.state", "a:b.state", ".state",
        "state", "web.State", "web.state.tmp", "web.lock", "web_sandbox:a:b.state",
        "web_sandbox:pod_sandbox:x.state", "webXsandbox:pod1.state", "a,b.state", "*.state",
        "w\xc3\xa9"
        "b.state",
        "web.state\n", "web\n.state", "web_sandbox:p q.state", ""}) {
    EXPECT_EQ(state_id(name), "none") << name;
  }
}

TEST(Names, TooLongAreNotOurs) {
  const std::string longest(ContainerId::max_bytes, 'a');
  EXPECT_EQ(state_id(longest + ".state"), longest);
  EXPECT_EQ(state_id(longest + "a.state"), "none");
}

TEST(Names, NoTwoIdsShareAName) {
  // What separates the two forms is a character that no id has.
  EXPECT_NE(names::stem(id_of("pod1/web")), names::stem(id_of("web_sandbox.pod1")));
  EXPECT_NE(names::stem(id_of("a/b_sandbox")), names::stem(id_of("a_sandbox/b")));
}

}  // namespace
}  // namespace latchfile::test
