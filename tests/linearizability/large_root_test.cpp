// SPDX-License-Identifier: Apache-2.0
//
// A list takes several getdents64 calls where the root is large, and a save may come between any
// two of them. tmpfs lists the newest entry first, and a rename makes an entry the newest: a reader
// that has begun does not come to it any more, which readdir(3p) allows.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/numbered_document.hpp"
#include "support/passing_kernel.hpp"
#include "linearizability/tmpfs.hpp"
#include "local/local_backend.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

/// Reads directories in small pieces, and does something after each.
class PiecewiseKernel final : public PassingKernel {
 public:
  std::function<void()> between = [] {};

  Sys<std::size_t> getdents64(int fd, char* into, std::size_t bytes) override {
    constexpr std::size_t piece_bytes = 1024;
    const auto filled = PassingKernel::getdents64(fd, into, std::min(bytes, piece_bytes));
    between();
    return filled;
  }
};

class LargeRoot : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(LargeRoot, IsListedWholeWhileAnEntryIsSaved) {
  constexpr LocalOptions fast{.durability = Durability::unsafe_on_power_cut};
  constexpr int containers = 40;
  const TempDir dir(GetParam());
  PiecewiseKernel kernel;
  const Store reader(std::make_shared<const LocalBackend>(kernel, dir / "root", fast));
  const Store writer(std::make_shared<const LocalBackend>(real_kernel(), dir / "root", fast));
  std::vector<ContainerId> ids;
  for (int i = 0; i < containers; ++i) {
    ids.push_back(id_of("c" + std::to_string(100 + i)));
    ASSERT_TRUE(writer.create(ids.back(), Wait::never(), numbered(0)));
  }
  // Whatever the order of a file system is, it comes to some of these only after they were saved.
  for (const auto& saved : ids) {
    kernel.between = [&] { EXPECT_TRUE(writer.update(saved, Wait::never(), increment)); };
    EXPECT_TRUE(reader.list().value() == ids) << "after a save of " << saved.text();
  }
}

INSTANTIATE_TEST_SUITE_P(, LargeRoot,
                         testing::Values(tmpfs(), std::filesystem::temp_directory_path()),
                         [](const auto& parameter) {
                           return std::string(parameter.index == 0 ? "OnTmpfs" : "OnADisk");
                         });

}  // namespace
}  // namespace latchfile::test
