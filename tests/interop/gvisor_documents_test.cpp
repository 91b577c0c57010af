// SPDX-License-Identifier: Apache-2.0
//
// One root, two implementations: each lists and reads what the other wrote, also while it is
// written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latchfile/json.hpp"
#include "peer.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Written {
  int n;
  std::string padding;
};
void from_json(const nlohmann::json& json, Written& written) {
  written = {json.value("n", 0), json.value("padding", "")};
}

std::string gvisor_list(const TempDir& root) {
  const auto listed = run_gvisor({"list", root.path()});
  EXPECT_EQ(listed.exit_code, 0) << listed.err;
  return listed.out;
}

std::vector<std::string> our_list(const Store& store) {
  std::vector<std::string> texts;
  const auto ids = store.list().value();
  for (const auto& id : ids)
    texts.emplace_back(id.text());
  return texts;
}

TEST(GvisorDocuments, OursReadsWhatGvisorWrote) {
  TempDir root;
  ASSERT_EQ(run_gvisor({"create", root.path(), "pod1", "web", "running"}).exit_code, 0);
  ASSERT_EQ(names_in(root.path()),
            (std::vector<std::string>{"web_sandbox:pod1.lock", "web_sandbox:pod1.state"}));

  const auto store = open_shared_with_gvisor(root.path());
  EXPECT_THAT(our_list(store), ElementsAre("pod1/web"));
  EXPECT_EQ(store.resolve("web").value().text(), "pod1/web");
  const auto loaded = store.load(id_of("pod1/web"));
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->document.bytes(), read_text(root / "web_sandbox:pod1.state"));
  EXPECT_THAT(loaded->document.bytes(), HasSubstr(R"("status":"running")"));
}

TEST(GvisorDocuments, GvisorReadsWhatOursWrote) {
  TempDir root;
  const auto store = open_shared_with_gvisor(root.path());
  for (const auto* text : {"pod1/web", "pod1/pod1", "pod2/db.1+a_b-c"}) {
    ASSERT_TRUE(store.create(id_of(text), Wait::never(),
                             document_of(R"({"id":"x","status":"paused","extra":[1.50]})")));
  }
  EXPECT_EQ(gvisor_list(root), "pod2/db.1+a_b-c\npod1/pod1\npod1/web\n");
  const auto loaded = run_gvisor({"load", root.path(), "pod1", "web"});
  EXPECT_EQ(loaded.exit_code, 0) << loaded.err;
  EXPECT_THAT(loaded.out, HasSubstr(R"("status":"paused")"));
}

TEST(GvisorDocuments, EachSeesTheOthersDestroyAndCreate) {
  TempDir root;
  const auto store = open_shared_with_gvisor(root.path());
  const auto id = id_of("pod1/web");
  ASSERT_TRUE(store.create(id, Wait::never(), document_of("{}")));
  EXPECT_EQ(run_gvisor({"create", root.path(), "pod1", "web", "running"}).exit_code, 1);
  ASSERT_EQ(run_gvisor({"destroy", root.path(), "pod1", "web"}).exit_code, 0);
  EXPECT_EQ(store.load(id).error().code, Errc::not_found);

  ASSERT_EQ(run_gvisor({"create", root.path(), "pod1", "web", "running"}).exit_code, 0);
  const auto again = store.create(id, Wait::never(), document_of("{}"));
  EXPECT_EQ(again.error().code, Errc::already_exists);
  ASSERT_TRUE(store.lock(id, Wait::never()).value().save(document_of(R"({"status":"stopped"})")));
  EXPECT_THAT(run_gvisor({"load", root.path(), "pod1", "web"}).out,
              HasSubstr(R"("status":"stopped")"));
  ASSERT_TRUE(std::move(store.lock(id, Wait::never()).value()).destroy());
  EXPECT_EQ(run_gvisor({"load", root.path(), "pod1", "web"}).exit_code, 3);
}

TEST(GvisorDocuments, AListOfLooseAndForeignNamesAgrees) {
  TempDir root;
  const auto store = open_shared_with_gvisor(root.path());
  ASSERT_TRUE(store.create(id_of("pod1/web"), Wait::never(), document_of("{}")));
  for (const auto* name :
       {"web_sandbox:.state", "_sandbox:pod1.state", "web_sandbox:pod1.state.tmp",
        "web_sandbox:pod1.corrupt-20260101T000000Z", "notes.txt"}) {
    write_text(root / name, "{}");
  }
  EXPECT_THAT(our_list(store), ElementsAre("pod1/web"));
  EXPECT_EQ(gvisor_list(root), "pod1/web\n");
}

/// gVisor truncates and then writes, so that whoever reads without its lock can find nothing or
/// half.
TEST(GvisorDocuments, ALoadDuringARewriteInPlaceIsWhole) {
  constexpr int least_versions = 50;
  TempDir root;
  ASSERT_EQ(run_gvisor({"create", root.path(), "pod1", "web", "running"}).exit_code, 0);
  const auto store = open_shared_with_gvisor(root.path());
  const auto id = id_of("pod1/web");
  Peer writer(gvisor({"rewrite", root.path(), "pod1", "web"}));
  ASSERT_EQ(writer.line(), "ready");

  int versions = 0;
  int last = -1;
  ASSERT_TRUE(eventually([&] {
    const auto loaded = store.load(id, Wait::at_most(std::chrono::minutes(1)));
    EXPECT_TRUE(loaded) << loaded.error().message();
    if (!loaded) return true;
    const auto written = from_document<Written>(loaded->document).value();
    EXPECT_EQ(written.padding.size(), static_cast<std::size_t>(written.n % 8 * 1000));
    EXPECT_GE(written.n, last);
    if (written.n != last) ++versions;
    last = written.n;
    return HasFailure() || versions >= least_versions;
  }));
  EXPECT_EQ(writer.finish(), 0);
}

}  // namespace
}  // namespace latchfile::test
