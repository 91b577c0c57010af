// SPDX-License-Identifier: Apache-2.0
#include "cli/listed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/numbered_document.hpp"

namespace latchfile::test {
namespace {

using cli::Listed;
using testing::IsEmpty;

MirroredHost host(bool is_alive) {
  return {"a", is_alive, std::chrono::sys_seconds(std::chrono::seconds(1795527762))};
}

Listed on(const MirroredHost* host) { return {id_of("web"), {}, {}, host}; }

TEST(LastContact, IsShownOfADeadMachineAlone) {
  const auto dead = host(false);
  const auto alive = host(true);
  EXPECT_EQ(cli::last_contact_of(on(&dead)), "2026-11-24T13:42:42Z");
  EXPECT_THAT(cli::last_contact_of(on(&alive)), IsEmpty());
  EXPECT_THAT(cli::last_contact_of(on(nullptr)), IsEmpty());
}

TEST(LastContact, IsOfEveryMachineInJson) {
  const auto dead = host(false);
  const auto alive = host(true);
  for (const auto* of : {&dead, &alive}) {
    const auto object = cli::json_of(on(of));
    EXPECT_EQ(object["host"], "a");
    EXPECT_EQ(object["hostAlive"], of->is_alive);
    EXPECT_EQ(object["lastContact"], "2026-11-24T13:42:42Z");
  }
  EXPECT_FALSE(cli::json_of(on(nullptr)).contains("lastContact"));
}

}  // namespace
}  // namespace latchfile::test
