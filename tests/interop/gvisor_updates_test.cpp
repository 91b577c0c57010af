// SPDX-License-Identifier: Apache-2.0
//
// Both implementations change one container at once: nothing is lost and nobody overlaps.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <unistd.h>

#include "latchfile/json.hpp"
#include "peer.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

TEST(GvisorUpdates, IncrementsOfBothSidesAreAllFound) {
  constexpr int times = 500;
  TempDir root;
  const auto store = open_shared_with_gvisor(root.path());
  const auto id = id_of("pod1/web");
  ASSERT_TRUE(store.create(id, Wait::never(), document_of(R"({"id":"web","n":0})")));

  Peer theirs(gvisor({"increment", root.path(), "pod1", "web", std::to_string(times)}));
  ASSERT_EQ(theirs.line(), "ready");
  Child ours([&] {
    for (int i = 0; i < times; ++i) {
      const auto updated = store.update(id, Wait::forever(), [](const Snapshot& now) {
        auto json = nlohmann::json::parse(now.document.bytes());
        json["n"] = json["n"].get<int>() + 1;
        return Document::parse(json.dump());
      });
      if (!updated) return 1;
    }
    return 0;
  });
  EXPECT_EQ(theirs.finish(), 0);
  EXPECT_EQ(ours.wait(), 0);
  const auto last = nlohmann::json::parse(store.load(id)->document.bytes());
  EXPECT_EQ(last["n"], 2 * times);
}

/// A file that whoever is inside a critical section makes, and nobody else can have made.
class Marker {
 public:
  explicit Marker(const std::string& path)
      : path_(path), fd_(open(path.c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {}
  Marker(const Marker&) = delete;
  Marker& operator=(const Marker&) = delete;
  ~Marker() {
    if (!is_alone()) return;
    unlink(path_.c_str());
    close(fd_);
  }
  [[nodiscard]] bool is_alone() const { return fd_ >= 0; }

 private:
  std::string path_;
  int fd_;
};

/// Creates the container if it is absent and else saves and destroys it. Exit code: 0 if nobody was
/// in between at the same time and every step did what it may do.
int storm(const Store& store, const ContainerId& id, const std::string& marker_path, int times) {
  for (int i = 0; i < times; ++i) {
    auto vacancy = store.lock_for_new(id, Wait::forever());
    if (vacancy) {
      auto marker = std::make_unique<Marker>(marker_path);
      if (!marker->is_alone()) return 1;
      const auto created = std::move(*vacancy).create(document_of("{}"));
      if (!created) return 2;
      marker.reset();  // before the guard goes, and with it the lock
      continue;
    }
    if (vacancy.error().code != Errc::already_exists) return 3;
    auto state = store.lock(id, Wait::forever());
    if (!state && state.error().code == Errc::not_found) continue;
    if (!state) return 4;
    {
      const Marker marker(marker_path);
      if (!marker.is_alone()) return 5;
      if (!state->save(document_of(R"({"n":1})"))) return 6;
    }
    if (!std::move(*state).destroy()) return 7;
  }
  return 0;
}

/// One process of gVisor's: two exclude not even each other once one of them destroys.
TEST(GvisorUpdates, AStormOfCreateAndDestroyNeverOverlaps) {
  constexpr int times = 400;
  TempDir root;
  TempDir elsewhere;
  const auto marker = elsewhere / "marker";
  const auto store = open_shared_with_gvisor(root.path());
  const auto id = id_of("pod1/web");

  Peer theirs(gvisor({"storm", root.path(), "pod1", "web", marker, std::to_string(times)}));
  ASSERT_EQ(theirs.line(), "ready");
  Child first([&] { return storm(store, id, marker, times); });
  Child second([&] { return storm(store, id, marker, times); });
  theirs.go_on();
  EXPECT_EQ(theirs.line(), "0");
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
  EXPECT_EQ(theirs.wait(), 0);
  for (const auto& name : names_in(root.path())) {
    EXPECT_THAT(name, testing::AnyOf("web_sandbox:pod1.state", "web_sandbox:pod1.lock"));
  }
}

}  // namespace
}  // namespace latchfile::test
