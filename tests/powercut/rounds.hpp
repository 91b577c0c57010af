// SPDX-License-Identifier: Apache-2.0
//
// The disks that the power-cut tests run on, and how often each cuts the power.
#pragma once

#include <cstdlib>

#include <gtest/gtest.h>

#include "powercut/disk.hpp"

namespace latchfile::test {

/// $LATCHFILE_POWERCUT_ROUNDS, else few enough for every run of the tests.
[[nodiscard]] inline int power_cuts() {
  const char* const text = std::getenv("LATCHFILE_POWERCUT_ROUNDS");
  const int rounds = text == nullptr ? 0 : std::atoi(text);
  return rounds > 0 ? rounds : 20;
}

class OnDisk : public testing::TestWithParam<Disk::Type> {
 protected:
  void SetUp() override {
    if (const auto why_not = Disk::why_not(GetParam()); !why_not.empty()) GTEST_SKIP() << why_not;
  }
};

struct DiskName {
  std::string operator()(const testing::TestParamInfo<Disk::Type>& info) const {
    return to_string(info.param);
  }
};

}  // namespace latchfile::test
