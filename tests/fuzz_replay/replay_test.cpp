// SPDX-License-Identifier: Apache-2.0
//
// Each fuzz target on its kept inputs: fuzz/corpus/NAME/, with which fuzzing begins, and
// fuzz/regressions/NAME/, each of which showed a fault once. A target that finds one aborts.
#include <filesystem>
#include <gtest/gtest.h>
#include <iostream>

#include "fuzz/targets.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;

struct Target {
  const char* name;
  void (*run)(std::string_view input);
};

std::ostream& operator<<(std::ostream& out, const Target& target) { return out << target.name; }

std::vector<fs::path> kept_inputs(const Target& target) {
  const auto fuzz = fs::path(LATCHFILE_SOURCE_DIR) / "fuzz";
  std::vector<fs::path> inputs;
  for (const auto* kind : {"corpus", "regressions"}) {
    const auto folder = fuzz / kind / target.name;
    if (!fs::exists(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder))
      inputs.push_back(entry.path());
  }
  return inputs;
}

class FuzzReplay : public testing::TestWithParam<Target> {};

TEST_P(FuzzReplay, FindsNoFaultInTheKeptInputs) {
  const auto inputs = kept_inputs(GetParam());
  ASSERT_FALSE(inputs.empty());
  for (const auto& input : inputs) {
    std::cout << "input: " << input << std::endl;  // the last one before an abort is the culprit
    GetParam().run(read_text(input));
  }
}

/// Inputs of no length, of one byte and of much of the same are nobody's idea of a document.
TEST_P(FuzzReplay, FindsNoFaultInPlainInputs) {
  GetParam().run("");
  for (int byte = 0; byte < 256; ++byte)
    GetParam().run(std::string(1, static_cast<char>(byte)));
  for (const char c : {'\0', '[', '{', '"', '9', '\n', '\xff'})
    GetParam().run(std::string(5000, c));
}

#ifdef LATCHFILE_WITH_ETCD
INSTANTIATE_TEST_SUITE_P(OfStoresInEtcd, FuzzReplay, testing::Values(Target{"etcd", fuzz::etcd}),
                         [](const auto& target) { return std::string(target.param.name); });
#endif

INSTANTIATE_TEST_SUITE_P(Target, FuzzReplay,
                         testing::Values(Target{"ids", fuzz::ids},
                                         Target{"document", fuzz::document},
                                         Target{"summary", fuzz::summary},
                                         Target{"state", fuzz::state}, Target{"edit", fuzz::edit},
                                         Target{"cli", fuzz::cli}, Target{"root", fuzz::root}),
                         [](const auto& target) { return std::string(target.param.name); });

}  // namespace
}  // namespace latchfile::test
