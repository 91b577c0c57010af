// SPDX-License-Identifier: Apache-2.0
//
// Root directories as they were once written, which must list and load for ever: v1/NAME is a root
// with foreign names beside ours, v1/NAME.expected its containers in the order of a list, one a
// line: the id, the file that holds its document, and its version.
//
// These files are added to and never changed.
#include <filesystem>
#include <fstream>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "latchfile/local.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

const std::filesystem::path frozen = LATCHFILE_SOURCE_DIR "/tests/format/v1";

struct Expected {
  std::string id;
  std::string file;
  std::string version;
};

std::vector<Expected> expected_of(const std::string& root) {
  std::ifstream in(frozen / (root + ".expected"));
  std::vector<Expected> lines;
  for (Expected line; in >> line.id >> line.file >> line.version;)
    lines.push_back(line);
  return lines;
}

class FrozenRoot : public testing::TestWithParam<std::string> {
 protected:
  // A copy, for the mode of a directory in a working tree is whoever checked it out's.
  void SetUp() override {
    std::filesystem::copy(frozen / GetParam(), dir.path(),
                          std::filesystem::copy_options::recursive);
    ASSERT_FALSE(expected.empty());
  }

  const TempDir dir;
  const std::vector<Expected> expected = expected_of(GetParam());
  const Store store = open_local(dir.path()).value();
};

TEST_P(FrozenRoot, ListsAsEver) {
  const auto found = store.list().value();
  std::vector<std::string> listed;
  for (const auto& id : found)
    listed.emplace_back(id.text());
  std::vector<std::string> ids;
  for (const auto& line : expected)
    ids.push_back(line.id);
  EXPECT_EQ(listed, ids);
}

TEST_P(FrozenRoot, LoadsTheSameBytesAndVersions) {
  const auto names_before = names_in(dir.path());
  for (const auto& line : expected) {
    const auto bytes = read_text(frozen / GetParam() / line.file);
    const auto id = ContainerId::parse(line.id).value();
    const auto found = store.load(id);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(found->document.bytes(), bytes) << line.id;
    EXPECT_EQ(found->version().text(), line.version) << line.id;
    const auto locked = store.lock(id, Wait::never());
    ASSERT_TRUE(locked) << locked.error().message();
    EXPECT_EQ(locked->current().document.bytes(), bytes) << line.id;
  }
  // The locks add lock files, and nothing is taken away.
  EXPECT_THAT(names_in(dir.path()), testing::IsSupersetOf(names_before));
}

TEST_P(FrozenRoot, GivesUpItsContainersAndNothingElse) {
  auto foreign = names_in(dir.path());
  for (const auto& line : expected) {
    auto state = store.lock(ContainerId::parse(line.id).value(), Wait::never());
    ASSERT_TRUE(state) << state.error().message();
    ASSERT_TRUE(std::move(*state).destroy());
    const auto stem = line.file.substr(0, line.file.size() - std::string_view(".state").size());
    for (const auto* suffix : {".state", ".lock", ".state.tmp"})
      std::erase(foreign, stem + suffix);
  }
  EXPECT_EQ(names_in(dir.path()), foreign);
}

INSTANTIATE_TEST_SUITE_P(V1, FrozenRoot, testing::Values("plain", "sandboxed"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace latchfile::test
