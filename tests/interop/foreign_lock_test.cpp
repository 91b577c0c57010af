// SPDX-License-Identifier: Apache-2.0
//
// A lock is a lock whoever takes it: gVisor, flock(1), Python, exclusive or shared. Each foreign
// holder excludes us and is named to us; each is excluded by us.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latchfile/local.hpp"
#include "peer.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

using testing::HasSubstr;

/// A program that takes the lock of a container, says "held", and releases it when told to go on.
struct Foreigner {
  const char* name;
  const char* id;
  const char* lock_file;
  std::vector<std::string> (*command)(const std::string& root);
};

void PrintTo(const Foreigner& foreigner, std::ostream* out) { *out << foreigner.name; }

constexpr auto hold_in_python =
    "import fcntl, sys\n"
    "with open(sys.argv[1], 'a') as lock:\n"
    "    fcntl.flock(lock, fcntl.LOCK_EX)\n"
    "    print('held', flush=True)\n"
    "    sys.stdin.readline()\n";
constexpr auto hold_in_shell = "echo held; read go_on";

const Foreigner foreigners[] = {
    {"gvisor", "pod1/web", "/web_sandbox:pod1.lock",
     [](const std::string& root) { return gvisor({"hold", root, "pod1", "web"}); }},
    {"flock", "web", "/web.lock",
     [](const std::string& root) -> std::vector<std::string> {
       return {FLOCK_EXECUTABLE, root + "/web.lock", "sh", "-c", hold_in_shell};
     }},
    {"flock_shared", "web", "/web.lock",
     [](const std::string& root) -> std::vector<std::string> {
       return {FLOCK_EXECUTABLE, "-s", root + "/web.lock", "sh", "-c", hold_in_shell};
     }},
    {"python", "web", "/web.lock",
     [](const std::string& root) -> std::vector<std::string> {
       return {PYTHON_EXECUTABLE, "-c", hold_in_python, root + "/web.lock"};
     }},
};

class ForeignLock : public testing::TestWithParam<Foreigner> {
 protected:
  ForeignLock() : store_(open_shared_with_gvisor(root_.path())), id_(id_of(GetParam().id)) {}

  void SetUp() override {
    ASSERT_TRUE(store_.create(id_, Wait::never(), document_of(R"({"status":"created"})")));
  }

  std::vector<std::string> command() const { return GetParam().command(root_.path()); }
  std::string lock_file() const { return root_.path().string() + GetParam().lock_file; }

  TempDir root_;
  Store store_;
  ContainerId id_;
};

TEST_P(ForeignLock, ExcludesOursAndIsNamed) {
  Peer holder(command());
  ASSERT_EQ(holder.line(), "held");

  const auto refused = store_.lock(id_, Wait::never());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::locked);
  EXPECT_THAT(refused.error().context, HasSubstr("pid " + std::to_string(holder.pid()) + " "));
  const auto late = store_.lock(id_, Wait::at_most(std::chrono::milliseconds(20)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::timed_out);

  const auto holders = store_.locks();
  ASSERT_TRUE(holders);
  ASSERT_EQ(holders->size(), 1u);
  EXPECT_EQ(holders->front().id, id_);
  EXPECT_EQ(holders->front().pid, holder.pid());

  // A waiter of ours sleeps for as long as the holder holds, and then has the lock.
  Child waiter([&] { return store_.lock(id_, Wait::forever()) ? 0 : 1; });
  ASSERT_TRUE(eventually([&] { return has_waiter(lock_file()); }));
  EXPECT_EQ(holder.finish(), 0);
  EXPECT_EQ(waiter.wait(), 0);
}

TEST_P(ForeignLock, IsExcludedByOurs) {
  auto guard = store_.lock(id_, Wait::never());
  ASSERT_TRUE(guard) << guard.error().message();
  Peer waiter(command());
  ASSERT_TRUE(eventually([&] { return has_waiter(lock_file()); }));
  ASSERT_TRUE(guard->save(document_of(R"({"status":"running"})")));
  EXPECT_TRUE(has_waiter(lock_file()));

  {
    const auto released = std::move(*guard);
  }
  EXPECT_EQ(waiter.line(), "held");
  EXPECT_EQ(store_.lock(id_, Wait::never()).error().code, Errc::locked);
  EXPECT_EQ(waiter.finish(), 0);
}

TEST_P(ForeignLock, DoesNotHoldUpALoad) {
  Peer holder(command());
  ASSERT_EQ(holder.line(), "held");
  const auto loaded = store_.load(id_, Wait::never());
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->document.bytes(), R"({"status":"created"})");
  EXPECT_EQ(store_.list()->size(), 1u);
  EXPECT_EQ(holder.finish(), 0);
}

INSTANTIATE_TEST_SUITE_P(Of, ForeignLock, testing::ValuesIn(foreigners),
                         [](const auto& tested) { return tested.param.name; });

/// A shell script that changes the document as its author would: in place, under flock(1).
TEST(FlockScript, LosesNoUpdateOfOursAndWeNoneOfIts) {
  constexpr int times = 50;
  TempDir root;
  auto store = open_shared_with_gvisor(root.path());
  const auto id = id_of("web");
  ASSERT_TRUE(store.create(id, Wait::never(), document_of(R"({"n":0})")));

  Peer script({"/bin/sh", "-c",
               "cd \"$1\" && for i in $(seq $2); do flock web.lock sh -c '"
               "  n=$(tr -dc 0-9 <web.state); echo \"{\\\"n\\\":$((n + 1))}\" >web.state'"
               "; done",
               "sh", root.path().string(), std::to_string(times)});
  for (int i = 0; i < times; ++i) {
    const auto updated = store.update(id, Wait::forever(), [](const Snapshot& now) {
      const auto& text = now.document.bytes();
      const int n = std::stoi(text.substr(text.find(':') + 1));
      return Document::parse("{\"n\":" + std::to_string(n + 1) + "}");
    });
    ASSERT_TRUE(updated) << updated.error().message();
  }
  EXPECT_EQ(script.wait(), 0);
  EXPECT_THAT(store.load(id)->document.bytes(),
              HasSubstr("{\"n\":" + std::to_string(2 * times) + "}"));
}

}  // namespace
}  // namespace latchfile::test
