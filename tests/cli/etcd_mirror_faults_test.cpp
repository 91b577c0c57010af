// SPDX-License-Identifier: Apache-2.0
//
// latchfile mirror with an etcd that is full, stopped, away for long, or does not take a document.
#include <csignal>
#include <sstream>

#include "cli/etcd_mirror.hpp"
#include "latchfile/local.hpp"
#include "support/numbered_document.hpp"
#include "support/sanitizer.hpp"

namespace latchfile::test {
namespace {

constexpr auto running = R"({"status":"running"})";
constexpr auto to_stopped = R"({"status":"stopped"})";

std::size_t times_in(const std::string& file, const std::string& text) {
  const auto all = read_text(file);
  std::size_t found = 0;
  for (auto at = all.find(text); at != all.npos; at = all.find(text, at + 1))
    ++found;
  return found;
}

class MirrorToAFullEtcd : public MirrorCli {
 protected:
  MirrorToAFullEtcd() : MirrorCli({"--quota-backend-bytes", "2097152"}) {}
};

TEST_F(MirrorToAFullEtcd, SaysSoAndGoesOnByItselfOnceThereIsRoom) {
  create("web", running);
  create("old", running);
  const auto child = mirror("a", {"--ttl", "1"});
  ASSERT_TRUE(is_published());
  server.fill();
  local({"update", "web", "--merge", to_stopped});
  local({"delete", "old"});
  EXPECT_TRUE(comes_to_say(notes, "its database is full; compact and defragment it, and disarm"));
  EXPECT_TRUE(comes_to_show("a", "old running\nweb running\n")) << "it is there all the same";
  server.make_room();
  EXPECT_TRUE(comes_to_show("a", "web stopped\n"));
  EXPECT_EQ(times_in(notes, "its database is full"), 1U);
}

class MirrorToAnEtcdOfSmallRequests : public MirrorCli {
 protected:
  // As it is unless it is set up otherwise.
  MirrorToAnEtcdOfSmallRequests() : MirrorCli({"--max-request-bytes", "1572864"}) {}
};

TEST_F(MirrorToAnEtcdOfSmallRequests, SaysOnceWhatIsTooLargeAndPublishesTheOthers) {
  create("web", running);
  create("big", R"({"status":"running","x":")" + std::string(std::size_t{2} << 20, 'x') + R"("})");
  create("pod1/db", running);
  const auto child = mirror("a");
  ASSERT_TRUE(is_published());
  EXPECT_TRUE(comes_to_show("a", "pod1/db running\nweb running\n"));
  local({"update", "web", "--merge", to_stopped});
  EXPECT_TRUE(comes_to_show("a", "pod1/db running\nweb stopped\n"));
  EXPECT_EQ(times_in(notes, "publish big: "), 1U) << read_text(notes);
  EXPECT_EQ(times_in(notes, "is larger than this etcd takes"), 1U) << read_text(notes);
  local({"save", "big"}, running);
  EXPECT_TRUE(comes_to_show("a", "big running\npod1/db running\nweb stopped\n"));
}

class MirrorWithoutEtcd : public MirrorCli {};

TEST_F(MirrorWithoutEtcd, ThatIsStoppedHoldsUpNobody) {
  create("web", running);
  const auto child = mirror("a", {"--command-timeout", "0.3"});
  ASSERT_TRUE(is_published());
  server.process().signal(SIGSTOP);
  const auto store = open_local(root).value();
  const auto save = [&](const std::string& status) {
    const auto saved = store.update(id_of("web"), Wait::never(), [&](const Snapshot&) {
      return document_of(R"({"status":")" + status + R"("})");
    });
    ASSERT_TRUE(saved) << saved.error().message();
  };
  save("s0");
  EXPECT_TRUE(comes_to_say(notes, "goes on trying"));
  for (int i = 1; i <= 100; ++i)
    save("s" + std::to_string(i));
  server.process().signal(SIGCONT);
  EXPECT_TRUE(comes_to_show("a", "web s100\n"));
}

TEST_F(MirrorWithoutEtcd, NeedsNoMoreMemoryTheMoreIsChanged) {
  if (under_address_sanitizer || under_thread_sanitizer) GTEST_SKIP() << "memory for the sanitizer";
  constexpr int changes = 10000;
  constexpr int containers = 100;
  constexpr long most_kib = 64L << 10;  // of 640 MB that are written
  const TempDir in_memory(directory_for_etcd());
  const auto there = in_memory / "root";
  const auto store = open_local(there).value();
  const auto id = [](int i) { return id_of("c" + std::to_string(i % containers)); };
  const auto document = [](int i) {
    return document_of("{\"status\":\"s" + std::to_string(i) + "\",\"x\":\"" +
                       std::string(std::size_t{64} << 10, 'x') + "\"}");
  };
  for (int i = 0; i < containers; ++i)
    ASSERT_TRUE(store.create(id(i), Wait::never(), document(i)));
  const auto child = start(
      {"--root", there, "mirror", "--to", hosts, "--host", "a", "--command-timeout", "0.3"}, notes);
  ASSERT_TRUE(is_published());
  server.stop();
  for (int i = 0; i < changes; ++i) {
    ASSERT_TRUE(store.update(id(i), Wait::never(), [&](const Snapshot&) { return document(i); }));
  }
  EXPECT_TRUE(comes_to_say(notes, "goes on trying"));
  server.start();
  const auto last = std::to_string(changes - containers);
  EXPECT_TRUE(eventually([&] {
    const auto ids = on("a", {"list", "-q", "--filter", "status=s" + last});
    return ids.out == "c0\n";
  }));
  long peak_kib = 0;
  std::istringstream status(read_text("/proc/" + std::to_string(child.pid()) + "/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) peak_kib = std::stol(line.substr(6));
  }
  EXPECT_GT(peak_kib, 0);
  EXPECT_LT(peak_kib, most_kib);
  RecordProperty("peak_kib", std::to_string(peak_kib));
}

}  // namespace
}  // namespace latchfile::test
