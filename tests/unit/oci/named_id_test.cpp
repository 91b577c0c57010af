// SPDX-License-Identifier: Apache-2.0
#include "oci/named_id.hpp"

#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

std::string other(std::string_view id, const char* document) {
  return oci::other_container(Document::parse(document).value(), ContainerId::parse(id).value())
      .value_or("-");
}

TEST(NamedId, OfAnOciState) {
  EXPECT_EQ(other("web", R"({"id":"web","status":"running"})"), "-");
  EXPECT_EQ(other("db", R"({"id":"web","status":"running"})"), "web");
  EXPECT_EQ(other("pod1/web", R"({"id":"web","status":"running"})"), "-");
  EXPECT_EQ(other("pod1/web", R"({"status":"running","id":"pod1/web"})"), "-");
  EXPECT_EQ(other("pod2/web", R"({"status":"running","id":"pod1/web"})"), "pod1/web");
}

TEST(NamedId, OfRunscHasASandbox) {
  const auto* document = R"({"id":"web","status":"running","sandbox":{"pid":1,"id":"pod1"}})";
  EXPECT_EQ(other("pod1/web", document), "-");
  EXPECT_EQ(other("pod2/web", document), "pod1/web");
  EXPECT_EQ(other("web", document), "-") << "a file name of the older form";
}

TEST(NamedId, OfOtherDocumentsIsNotKnown) {
  for (const auto* document : {"{}", R"({"id":"web"})", R"({"id":7,"status":"running"})",
                               R"({"status":"running"})", R"({"id":"web","status":{}})"}) {
    EXPECT_EQ(other("db", document), "-") << document;
  }
}

}  // namespace
}  // namespace latchfile::test
