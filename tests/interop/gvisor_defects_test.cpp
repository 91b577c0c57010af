// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong with gVisor's own code, and beside it that it does not with ours. A test that
// fails in its first half says that the comparison in the documentation no longer holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "peer.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class GvisorDefect : public testing::Test {
 protected:
  GvisorDefect() : store_(open_shared_with_gvisor(root_.path())) {}

  void create(std::string_view id) {
    const auto document =
        "{\"id\":\"" + std::string(id_of(id).text()) + "\",\"status\":\"created\"}";
    ASSERT_TRUE(store_.create(id_of(id), Wait::never(), document_of(document)));
  }

  Outcome gvisor_does(const std::string& command, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {command, root_.path().string()});
    return run_gvisor(std::move(arguments));
  }
  std::vector<std::string> gvisor_on(const std::string& command,
                                     std::vector<std::string> more = {}) {
    more.insert(more.begin(), {command, root_.path().string(), "pod1", "web"});
    return gvisor(std::move(more));
  }

  TempDir root_;
  Store store_;
};

TEST_F(GvisorDefect, AMissingIdLeavesALockFile) {
  EXPECT_EQ(gvisor_does("load", {"pod1", "nobody"}).exit_code, 3);
  EXPECT_THAT(names_in(root_.path()), ElementsAre("nobody_sandbox:pod1.lock"));

  EXPECT_EQ(store_.load(id_of("pod1/noone")).error().code, Errc::not_found);
  EXPECT_EQ(store_.lock(id_of("pod1/noone"), Wait::never()).error().code, Errc::not_found);
  EXPECT_THAT(names_in(root_.path()), ElementsAre("nobody_sandbox:pod1.lock"));
}

TEST_F(GvisorDefect, AnExactIdIsAmbiguous) {
  create("pod1/web");
  create("pod1/web2");
  const auto found = gvisor_does("find", {"web"});
  EXPECT_EQ(found.exit_code, 1);
  EXPECT_THAT(found.err, HasSubstr("ambiguous"));

  EXPECT_EQ(store_.resolve("web").value().text(), "pod1/web");
}

TEST_F(GvisorDefect, GlobCharactersAreInterpreted) {
  create("pod1/web");
  for (const auto* text : {"*", "w?b", "[a-z]e"}) {
    EXPECT_EQ(gvisor_does("find", {text}).out, "pod1/web\n") << text;
    EXPECT_EQ(store_.resolve(text).error().code, Errc::invalid_argument) << text;
  }
}

TEST_F(GvisorDefect, ASandboxPrefixMatchesOtherSandboxes) {
  create("pod1/web");
  create("pod10/db");
  EXPECT_THAT(gvisor_does("sandbox", {"pod1"}).out, HasSubstr("pod10/db\n"));

  EXPECT_THAT(store_.list_sandbox("pod1").value(), ElementsAre(id_of("pod1/web")));
}

TEST_F(GvisorDefect, AForeignFileIsListedAsAContainer) {
  write_text(root_ / "we ird_sandbox:x.state", "{}");
  EXPECT_EQ(gvisor_does("list", {}).out, "x/ird\n");

  EXPECT_THAT(store_.list().value(), IsEmpty());
}

TEST_F(GvisorDefect, AReaderWaitsForWhoeverHoldsTheLock) {
  create("pod1/web");
  Peer holder(gvisor_on("hold"));
  ASSERT_EQ(holder.line(), "held");
  Peer reader(gvisor_on("load"));
  ASSERT_TRUE(eventually([&] { return has_waiter(root_ / "web_sandbox:pod1.lock"); }));

  EXPECT_TRUE(store_.load(id_of("pod1/web"), Wait::never()));
  EXPECT_EQ(holder.finish(), 0);
  EXPECT_THAT(reader.line(), HasSubstr(R"("status":"created")"));
  EXPECT_EQ(reader.wait(), 0);
}

TEST_F(GvisorDefect, ASaveUndoesWhatHappenedSinceTheLoad) {
  create("pod1/web");
  Peer slow(gvisor_on("load-then-save", {"running"}));
  ASSERT_EQ(slow.line(), "loaded");
  const auto id = id_of("pod1/web");
  const auto saved = store_.update(id, Wait::never(), [](const Snapshot&) {
    return Document::parse(R"({"id":"pod1/web","status":"created","owner":"alice"})");
  });
  ASSERT_TRUE(saved);
  EXPECT_EQ(slow.finish(), 0);
  EXPECT_THAT(store_.load(id)->document.bytes(), Not(HasSubstr("alice")));

  // With ours nothing can be saved that was read before the lock: the guard has read it anew.
  const auto before = store_.load(id).value();
  ASSERT_TRUE(store_.lock(id, Wait::never()).value().save(document_of(R"({"owner":"bob"})")));
  auto guard = store_.lock(id, Wait::never());
  ASSERT_TRUE(guard);
  EXPECT_EQ(guard->current().document.bytes(), R"({"owner":"bob"})");
  EXPECT_EQ(guard->require(before.version()).error().code, Errc::version_mismatch);
}

TEST_F(GvisorDefect, ADestroyedContainerComesBack) {
  create("pod1/web");
  const auto id = id_of("pod1/web");
  Peer slow(gvisor_on("load-then-save", {"running"}));
  ASSERT_EQ(slow.line(), "loaded");
  ASSERT_TRUE(std::move(store_.lock(id, Wait::never()).value()).destroy());
  EXPECT_THAT(store_.list().value(), IsEmpty());
  EXPECT_EQ(slow.finish(), 0);
  EXPECT_THAT(store_.list().value(), ElementsAre(id));

  // Ours: the lock is that of a container that exists, or none.
  ASSERT_TRUE(std::move(store_.lock(id, Wait::never()).value()).destroy());
  EXPECT_EQ(store_.lock(id, Wait::never()).error().code, Errc::not_found);
}

TEST_F(GvisorDefect, OneBadDocumentFailsTheWholeSandbox) {
  create("pod1/web");
  write_text(root_ / "bad_sandbox:pod1.state", "{\"id\":");
  EXPECT_EQ(gvisor_does("sandbox", {"pod1"}).exit_code, 1);

  const auto entries = store_.load_all();
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ(entries->front().state.error().code, Errc::corrupt);
  EXPECT_TRUE(entries->back().state);
}

TEST_F(GvisorDefect, TwoHoldOneLockOnceItsFileIsUnlinked) {
  create("pod1/web");
  const auto lock_file = root_ / "web_sandbox:pod1.lock";
  Peer destroyer(gvisor_on("hold-destroy"));
  ASSERT_EQ(destroyer.line(), "held");
  Peer waiter(gvisor_on("hold"));
  ASSERT_TRUE(eventually([&] { return has_waiter(lock_file); }));
  EXPECT_EQ(destroyer.finish(), 0);
  EXPECT_EQ(waiter.line(), "held");
  Peer newcomer(gvisor_on("hold"));
  EXPECT_EQ(newcomer.line(), "held");
  EXPECT_EQ(waiter.finish(), 0);
  EXPECT_EQ(newcomer.finish(), 0);
}

/// The same three steps with ours, which unlinks the lock file too, with its default options.
TEST_F(GvisorDefect, OursHoldsALockOnceThoughItsFileIsUnlinked) {
  const auto store = open_local(root_.path()).value();
  const auto id = id_of("pod1/web");
  create("pod1/web");
  auto destroyer = store.lock(id, Wait::never());
  ASSERT_TRUE(destroyer);
  const auto said = root_ / "held";
  Child waiter([&] {
    const auto held = store.lock_for_new(id, Wait::forever());
    if (!held) return 1;
    write_text(said, "");
    static_cast<void>(eventually([&] { return access(said.c_str(), F_OK) != 0; }));
    return 0;
  });
  ASSERT_TRUE(eventually([&] { return has_waiter(root_ / "web_sandbox:pod1.lock"); }));
  ASSERT_TRUE(std::move(*destroyer).destroy());
  ASSERT_TRUE(eventually([&] { return access(said.c_str(), F_OK) == 0; }));
  EXPECT_EQ(store.lock_for_new(id, Wait::never()).error().code, Errc::locked);
  std::filesystem::remove(said);
  EXPECT_EQ(waiter.wait(), 0);
  EXPECT_THAT(names_in(root_.path()), IsEmpty());
}

}  // namespace
}  // namespace latchfile::test
