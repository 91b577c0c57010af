// SPDX-License-Identifier: Apache-2.0
//
// What is no failure: signals that interrupt every call that sleeps, and reads and writes that move
// one byte at a time.
#include <algorithm>
#include <gtest/gtest.h>

#include "fault/world.hpp"

namespace latchfile::test {
namespace {

using Call = FaultKernel::Call;

class SlowTransfer : public testing::TestWithParam<Operation> {
 protected:
  static void expect_the_usual(const Operation& operation, World& world) {
    const auto result = world.act();
    EXPECT_EQ(result ? std::nullopt : std::optional(result.error().code), operation.outcome);
    EXPECT_EQ(world.document(), operation.after);
    world.check_order({});
  }
};

TEST_P(SlowTransfer, EverySleepingCallIsInterrupted) {
  World world(GetParam());
  world.kernel().arm();
  world.kernel().interrupt_first_attempts();
  expect_the_usual(GetParam(), world);
  const bool does_io = GetParam().name != std::string_view("Destroy");
  EXPECT_TRUE(world.kernel().hit() || !does_io) << "nothing was interrupted";
}

TEST_P(SlowTransfer, OneByteAtATime) {
  World world(GetParam());
  world.kernel().arm();
  world.kernel().limit_transfers(1);
  expect_the_usual(GetParam(), world);
}

INSTANTIATE_TEST_SUITE_P(Fault, SlowTransfer, testing::ValuesIn(operations()),
                         [](const auto& operation) { return std::string(operation.param.name); });

TEST(OneByteAtATime, IsWhatTheKernelSaw) {
  const auto& all = operations();
  World world(*std::ranges::find(all, std::string_view("Save"), &Operation::name));
  world.kernel().arm();
  world.kernel().limit_transfers(1);
  ASSERT_TRUE(world.act());
  const auto writes =
      std::ranges::count(world.kernel().calls(), Call::write, &FaultKernel::Record::call);
  EXPECT_EQ(static_cast<std::size_t>(writes), std::string_view(new_text).size());
  world.check_order({});
}

}  // namespace
}  // namespace latchfile::test
