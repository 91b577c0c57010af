// SPDX-License-Identifier: Apache-2.0
//
// The same power cuts under gVisor's own state_file.go, which replaces documents in place and
// without fsync: the cuts tear and lose its files, so that they would ours if we wrote so.
#include <deque>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "interop/peer.hpp"
#include "latchfile/local.hpp"
#include "powercut/disk.hpp"
#include "powercut/rounds.hpp"
#include "support/child.hpp"

namespace latchfile::test {
namespace {

using GvisorPowerCut = OnDisk;

constexpr int peers = 4;

std::string name_of(int peer) { return "peer-" + std::to_string(peer); }

/// How often the document was rewritten; -1 if there is none, or half of one. Reads the file alone:
/// to wait for its writer would be to wait with it.
long rewritten(const std::string& root, const std::string& name) {
  std::string text;
  try {
    text = read_text(root + "/" + name + "_sandbox:pod.state");
  } catch (const std::runtime_error&) {
    return -1;
  }
  if (!Document::parse(text)) return -1;
  constexpr std::string_view key = R"("n":)";
  return std::stol(text.substr(text.find(key) + key.size()));
}

TEST_P(GvisorPowerCut, TearsOrLosesFiles) {
  constexpr long rewrites = 20;
  Disk disk(GetParam());
  int torn = 0;
  int lost = 0;
  for (int round = 0; round < power_cuts() && torn + lost == 0; ++round) {
    disk.mount();
    const auto root = disk.path() + "/root-" + std::to_string(round);
    std::filesystem::create_directory(root);
    std::deque<Peer> writers;
    for (int i = 0; i < peers; ++i) {
      ASSERT_EQ(run_gvisor({"create", root, "pod", name_of(i), "running"}).exit_code, 0);
      writers.emplace_back(gvisor({"rewrite", root, "pod", name_of(i)}));
      ASSERT_EQ(writers.back().line(), "ready");
    }
    for (int i = 0; i < peers; ++i) {
      ASSERT_TRUE(eventually([&] { return rewritten(root, name_of(i)) >= rewrites; }));
    }
    disk.cut_power();
    for (auto& writer : writers)
      EXPECT_EQ(writer.wait(), 1) << "went on without a disk";
    disk.unmount();
    disk.mount();
    for (int i = 0; i < peers; ++i) {
      const auto found = rewritten(root, name_of(i));
      if (found < 0) {
        ++torn;
      } else if (found < rewrites) {
        ++lost;
      }
    }
    disk.unmount();
  }
  RecordProperty("torn", torn);
  RecordProperty("lost", lost);
  EXPECT_GT(torn + lost, 0);
}

INSTANTIATE_TEST_SUITE_P(, GvisorPowerCut, testing::Values(Disk::Type::ext4, Disk::Type::xfs),
                         DiskName());

}  // namespace
}  // namespace latchfile::test
