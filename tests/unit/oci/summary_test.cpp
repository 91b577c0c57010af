// SPDX-License-Identifier: Apache-2.0
#include "oci/summary.hpp"

#include <gtest/gtest.h>

namespace latchfile::test {
namespace {

using oci::Annotations;
using oci::Process;
using oci::Summary;

Summary of(const std::string& text) { return oci::summarize(Document::parse(text).value()); }

TEST(Summary, OfAnOciState) {
  const auto found = of(R"({"ociVersion":"1.0.2","id":"web","status":"running","pid":42,
      "bundle":"/b","annotations":{"k":"v","l":"w"}})");
  EXPECT_EQ(found.oci_version, "1.0.2");
  EXPECT_EQ(found.status, "running");
  EXPECT_EQ(found.process, Process::recorded(42).value());
  EXPECT_EQ(found.bundle, "/b");
  EXPECT_EQ(found.annotations, (Annotations{{"k", "v"}, {"l", "w"}}));
}

TEST(Summary, OfRunsc) {
  const auto found = of(R"({"id":"web","spec":{"ociVersion":"1.1.0","annotations":{"k":"v"},
      "process":{"pid":1}},"bundleDir":"/b","createdAt":"2026-01-02T03:04:05.6Z","owner":"root",
      "status":"paused","goferPid":9,"sandbox":{"id":"web","pid":43,"cid":7}})");
  EXPECT_EQ(found.oci_version, "1.1.0");
  EXPECT_EQ(found.status, "paused");
  EXPECT_EQ(found.process, Process::recorded(43).value());
  EXPECT_EQ(found.bundle, "/b");
  EXPECT_EQ(found.created, "2026-01-02T03:04:05.6Z");
  EXPECT_EQ(found.owner, "root");
  EXPECT_EQ(found.annotations, (Annotations{{"k", "v"}}));
}

TEST(Summary, OfAnOldRunscHasItsStatusFromANumber) {
  const std::vector<std::string> names = {"created", "creating", "paused", "running", "stopped"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto number = std::to_string(i);
    EXPECT_EQ(of(R"({"bundleDir":"/b","status":)" + number + "}").status, names[i]);
    EXPECT_EQ(of(R"({"status":)" + number + R"(,"bundleDir":"/b"})").status, names[i]);
    EXPECT_EQ(of(R"({"status":)" + number + R"(,"bundle":"/b"})").status, "") << "not runsc's";
  }
  for (const std::string number : {"5", "-1", "2.0", "18446744073709551616"})
    EXPECT_EQ(of(R"({"bundleDir":"/b","status":)" + number + "}").status, "") << number;
}

TEST(Summary, OfRunc) {
  const auto found = of(R"({"id":"web","init_process_pid":44,"init_process_start":123456,
      "created":"2026-01-02T03:04:05Z","config":{"version":"1.0.2","rootfs":"/r",
      "labels":["a=b=c","bundle=/b","none"]}})");
  EXPECT_EQ(found.oci_version, "1.0.2");
  EXPECT_EQ(found.process, Process::recorded(44, 123456).value());
  EXPECT_EQ(found.bundle, "/b");
  EXPECT_EQ(found.created, "2026-01-02T03:04:05Z");
  EXPECT_EQ(found.annotations, (Annotations{{"a", "b=c"}}));
}

TEST(Summary, OfCrun) {
  const auto found = of(R"({"pid":45,"process-start-time":78,"cgroup-path":"/c","rootfs":"/r",
      "bundle":"/b","created":"2026-01-02T03:04:05.0Z","owner":"root","detached":true})");
  EXPECT_EQ(found.process, Process::recorded(45, 78).value());
  EXPECT_EQ(found.bundle, "/b");
  EXPECT_EQ(found.created, "2026-01-02T03:04:05.0Z");
  EXPECT_EQ(found.owner, "root");
  EXPECT_EQ(found.status, "");
}

TEST(Summary, PassesOverWhatHasAnotherTypeAndGoesOn) {
  const std::vector<std::string> values = {
      "null",        "true", "[]", "[[1],{}]", "{}",
      "{\"a\":[1]}", "1.5",  "-1", "1e400",    "12345678901234567890123"};
  for (const auto& value : values) {
    const auto found =
        of(R"({"ociVersion":)" + value + R"(,"pid":)" + value + R"(,"bundle":)" + value +
           R"(,"annotations":)" + value + R"(,"config":)" + value + R"(,"sandbox":)" + value +
           R"(,"spec":)" + value + R"(,"created":)" + value + R"(,"status":"paused"})");
    EXPECT_EQ(found.status, "paused") << value;
    EXPECT_EQ(found.process, std::nullopt) << value;
    EXPECT_EQ(found.bundle, "") << value;
  }
}

TEST(Summary, APidThatCannotBeOneIsNone) {
  for (const auto* pid : {"0", "-1", "2147483648", "\"1\""}) {
    EXPECT_EQ(of(std::string(R"({"pid":)") + pid + "}").process, std::nullopt) << pid;
  }
}

TEST(Summary, OfAnythingElseIsEmpty) {
  const auto found = of("{}");
  EXPECT_EQ(found.status + found.bundle + found.created + found.owner + found.oci_version, "");
  EXPECT_TRUE(found.annotations.empty());
}

TEST(Summary, ReadsEscapes) { EXPECT_EQ(of(R"({"\u0062undle":"\/\u0062"})").bundle, "/b"); }

}  // namespace
}  // namespace latchfile::test
