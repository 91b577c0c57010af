// SPDX-License-Identifier: Apache-2.0
//
// Every command on a root in which a hostile user has set a trap, in the place of each file and
// before or after root had made its own: nothing outside is read or written, nothing hangs, nobody
// learns anything, and what fails says so in lines of its own (I6, I8).
#include <atomic>
#include <tuple>
#include <unistd.h>
#include <vector>

#include "support/numbered_document.hpp"
#include "hostile/hostile.hpp"
#include "hostile/trap.hpp"
#include "process/shared.hpp"

namespace latchfile::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;
using testing::Values;

const std::vector<std::vector<std::string>> every_command = {
    {"state", "web"},
    {"list"},
    {"list", "-q"},
    {"list", "-f", "json"},
    {"locks"},
    {"create", "web"},
    {"create", "other"},
    {"save", "web", "--timeout", "0.01"},
    {"update", "web", "--nonblock", "--merge", R"({"a":1})"},
    {"update", "web", "--nonblock", "--", "cat"},
    {"lock", "web", "--nonblock", "--", "true"},
    {"delete", "web", "--nonblock"},
};

class TrapTest : public Hostile, public testing::WithParamInterface<std::tuple<Writable, Trap>> {
 protected:
  const Writable writable = std::get<0>(GetParam());
  const Trap trap = std::get<1>(GetParam());

  /// The attacker's process, which sets the trap and stays. Nothing if it could not be set.
  [[nodiscard]] Child set(const std::string& name, bool& was_set) const {
    struct Answer {
      std::atomic<int> ready = 0;  ///< 1 set, 2 not set
    };
    const Shared<Answer> answer;
    Child attacker([&] {
      answer->ready = become_attacker() && set_trap(trap, path_of(name), secret) ? 1 : 2;
      for (;;)
        pause();
      return 0;
    });
    EXPECT_TRUE(eventually([&] { return answer->ready != 0; }));
    was_set = answer->ready == 1;
    return attacker;
  }

  /// Runs one command in a trapped root. Whether the trap was set.
  bool try_command(const std::vector<std::string>& command, const std::string& name, bool before) {
    SCOPED_TRACE(name + (before ? " before" : " after") +
                 " root's own: " + testing::PrintToString(command));
    make_root(writable);
    const auto create_ours = [&] {
      // Fails where the trap is in its way.
      const auto ours = document_of(private_document);
      static_cast<void>(store_on(writable).create(id_of("web"), Wait::never(), ours));
    };
    bool was_set = false;
    if (!before) create_ours();
    const auto attacker = set(name, was_set);
    if (before) create_ours();
    // `create` waits for a lock as long as it takes, and here that is for ever.
    const bool never_free = trap == Trap::lock_shared || trap == Trap::lock_exclusive;
    const bool waits = never_free && was_set && name == "web.lock";
    if (waits && command == std::vector<std::string>{"create", "web"}) return was_set;

    const auto outcome = latchfile_on(writable, command, private_document);
    // 1 io or insecure, 3 not found, 4 exists, 5 locked, 7 corrupt; no signal, and no limit
    // reached.
    EXPECT_THAT(outcome.exit_code, AnyOf(0, 1, 3, 4, 5, 7)) << outcome.err;
    EXPECT_THAT(outcome.out, Not(HasSubstr(std::string(secret_word))));
    EXPECT_THAT(outcome.err, Not(HasSubstr(std::string(secret_word))));
    if (outcome.exit_code != 0) {
      EXPECT_THAT(outcome.err, one_line("; "));
    }
    expect_outside_untouched();
    expect_attacker_learns_nothing();
    return was_set;
  }
};

TEST_P(TrapTest, CatchesNothing) {
  int traps = 0;
  for (const std::string name : {"web.state", "web.lock", "web.state.tmp"}) {
    for (const auto& command : every_command) {
      for (const bool before : {true, false}) {
        if (try_command(command, name, before)) ++traps;
      }
    }
  }
  EXPECT_GT(traps, 0);
}

INSTANTIATE_TEST_SUITE_P(, TrapTest,
                         testing::Combine(Values(Writable::sticky, Writable::insecure),
                                          Values(Trap::link_to_secret, Trap::link_to_nothing,
                                                 Trap::link_to_itself, Trap::fifo, Trap::socket,
                                                 Trap::directory, Trap::huge_file, Trap::lease,
                                                 Trap::lock_shared, Trap::lock_exclusive)),
                         [](const auto& one) {
                           return to_string(std::get<0>(one.param)) + "_" +
                                  to_string(std::get<1>(one.param));
                         });

}  // namespace
}  // namespace latchfile::test
