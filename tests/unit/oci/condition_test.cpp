// SPDX-License-Identifier: Apache-2.0
#include "oci/condition.hpp"

#include <gtest/gtest.h>

#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using oci::Condition;
using oci::Seen;

const Seen absent;
const Seen corrupt{.state = std::unexpected(Error{Errc::corrupt, 0, "torn"}), .status = {}};
const Seen busy{.state = std::unexpected(Error{Errc::timed_out, 0, "busy"}), .status = {}};

Seen shown(const std::string& status, const std::string& document) {
  return {.state = Snapshot{document_of(document)}, .status = status};
}

/// "true", "false", or the name of the error.
std::string answer(const std::string& condition, const Seen& now) {
  const auto holds = Condition::parse(condition).value().holds(now);
  if (!holds) return std::string(to_string(holds.error().code));
  return *holds ? "true" : "false";
}

TEST(Condition, OfExistenceAsksForNoDocument) {
  for (const auto& there : {corrupt, busy, shown("", "{}")}) {
    EXPECT_EQ(answer("exists", there), "true");
    EXPECT_EQ(answer("deleted", there), "false");
  }
  EXPECT_EQ(answer("exists", absent), "false");
  EXPECT_EQ(answer("deleted", absent), "true");
}

TEST(Condition, OfAStatusIsAboutTheOneThatIsShown) {
  const auto dead = shown("stopped", R"({"status":"running"})");
  EXPECT_EQ(answer("status=stopped", dead), "true");
  EXPECT_EQ(answer("status=running", dead), "false");
  EXPECT_EQ(answer("status=stopped", absent), "not_found");
  EXPECT_EQ(answer("status=stopped", corrupt), "corrupt");
  EXPECT_EQ(answer("status=stopped", busy), "false");
}

TEST(Condition, OfAnAnnotationKnowsThoseOfEveryRuntime) {
  const auto oci_state = shown("", R"({"annotations":{"a.b":"1","empty":""}})");
  EXPECT_EQ(answer("annotations.a.b=1", oci_state), "true");
  EXPECT_EQ(answer("annotations.a.b=", oci_state), "false");
  EXPECT_EQ(answer("annotations.empty=", oci_state), "true");
  EXPECT_EQ(answer("annotations.absent=", oci_state), "false");
  EXPECT_EQ(answer("annotations.a=1", shown("", R"({"config":{"labels":["a=1"]}})")), "true");
  EXPECT_EQ(answer("annotations.a=1", absent), "not_found");
}

TEST(Condition, OfAnyOtherFormIsRefused) {
  for (const auto* text :
       {"", "=", "stopped", "status", "state=stopped", "status=", "status=Stopped", "annotations=x",
        "annotations.=x", "annotations.a", "exists=true"}) {
    const auto condition = Condition::parse(text);
    ASSERT_FALSE(condition) << text;
    EXPECT_EQ(condition.error().code, Errc::invalid_argument);
  }
  EXPECT_TRUE(Condition::parse("deleted")->is_of_absent());
  EXPECT_TRUE(Condition::parse("exists")->is_of_absent());
  EXPECT_FALSE(Condition::parse("status=paused")->is_of_absent());
}

TEST(Condition, DescribesWhatItIsAbout) {
  const auto describe = [](const std::string& condition, const Seen& now) {
    return Condition::parse(condition).value().describe(now);
  };
  const auto running = shown("running", R"({"annotations":{"a":"1"}})");
  EXPECT_EQ(describe("status=stopped", running), "status is 'running'");
  EXPECT_EQ(describe("annotations.a=2", running), "annotation 'a' is '1'");
  EXPECT_EQ(describe("annotations.b=2", running), "it has no annotation 'b'");
  EXPECT_EQ(describe("deleted", running), "it is there");
  EXPECT_EQ(describe("exists", absent), "there is no such container");
  EXPECT_EQ(describe("status=stopped", busy), "busy");
}

}  // namespace
}  // namespace latchfile::test
