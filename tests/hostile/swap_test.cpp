// SPDX-License-Identifier: Apache-2.0
//
// A hostile user who swaps files while root works on them: in a loop, at whatever instruction, and
// at the moments that are worst.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "support/numbered_document.hpp"
#include "hostile/hostile.hpp"
#include "hostile/trap.hpp"
#include "process/shared.hpp"

namespace latchfile::test {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

class Swap : public Hostile {
 protected:
  const ContainerId web = id_of("web");
  const Document ours = document_of(private_document);

  struct Progress {
    std::atomic<long> swaps = 0;
  };
  const Shared<Progress> progress;

  /// As the attacker: a file with `text` that everyone may read and write.
  [[nodiscard]] static bool plant_file(const std::string& path, std::string_view text) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || fchmod(fd, 0666) != 0) return false;
    const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    return close(fd) == 0 && written;
  }

  /// The attacker's process that swaps `name` with a trap for as long as it lives, and makes both
  /// anew when they are gone.
  [[nodiscard]] Child start_swapping(const std::string& name, Trap trap) const {
    const auto decoy = path_of("decoy");
    return Child([this, name, decoy, trap] {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (!become_attacker()) return 1;
      for (;;) {
        const auto path = path_of(name);
        if (renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, decoy.c_str(), RENAME_EXCHANGE) == 0) {
          ++progress->swaps;
        } else {
          static_cast<void>(set_trap(trap, decoy, secret));
          if (access(path.c_str(), F_OK) != 0) static_cast<void>(plant_file(path, "{}"));
        }
      }
    });
  }
};

struct Race {
  std::string name;
  Trap trap;
};

void PrintTo(const Race& race, std::ostream* out) {
  *out << race.name << " and " << to_string(race.trap);
}

class SwapRace : public Swap, public testing::WithParamInterface<Race> {};

TEST_P(SwapRace, LeadsNobodyOutside) {
  constexpr int rounds = 600;
  make_root(Writable::insecure);
  const auto store = store_on(Writable::insecure);
  const auto swapping = start_swapping(GetParam().name, GetParam().trap);
  ASSERT_TRUE(eventually([&] { return progress->swaps > 0; }));
  const auto wait = Wait::at_most(std::chrono::milliseconds(10));
  int succeeded = 0;
  int refused = 0;
  const auto count = [&](const auto& result) {
    ++(result ? succeeded : refused);
    if (!result) {
      EXPECT_THAT(result.error().message(), Not(HasSubstr(std::string(secret_word))));
      EXPECT_THAT(result.error().code, AnyOf(Errc::insecure, Errc::not_found, Errc::already_exists,
                                             Errc::locked, Errc::timed_out, Errc::corrupt,
                                             Errc::unavailable, Errc::lock_lost, Errc::io))
          << result.error().message();
    }
  };
  for (int round = 0; round < rounds && !HasFailure(); ++round) {
    const auto found = store.load(web, wait);
    count(found);
    if (found) {
      EXPECT_THAT(found->document.bytes(), AnyOf("{}", R"({"n":1})"));
    }
    count(store.create(web, wait, document_of("{}")));
    count(store.update(web, wait, [](const Snapshot&) { return document_of(R"({"n":1})"); }));
    count(store.list());
    if (round % 16 == 0) {
      auto state = store.lock(web, wait);
      if (state) count(std::move(*state).destroy());
    }
  }
  EXPECT_GT(succeeded, 0);
  EXPECT_GT(refused, 0);
  expect_outside_untouched();
}

INSTANTIATE_TEST_SUITE_P(, SwapRace,
                         testing::Values(Race{"web.state", Trap::link_to_secret},
                                         Race{"web.state", Trap::fifo},
                                         Race{"web.lock", Trap::link_to_secret},
                                         Race{"web.lock", Trap::fifo},
                                         Race{"web.state.tmp", Trap::link_to_secret}),
                         [](const auto& one) {
                           auto name = one.param.name + "_" + to_string(one.param.trap);
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

// The content of a save comes from the document that was read under the lock, and so must the mode
// and the owner, or not at all: else a file of the attacker's own, put there in between, gets the
// content.
TEST_F(Swap, OfTheStateUnderTheLockDoesNotGiveTheDocumentAway) {
  make_root(Writable::insecure);
  const auto store = store_on(Writable::insecure);
  ASSERT_TRUE(store.create(web, Wait::never(), ours));
  auto state = store.lock(web, Wait::never());
  ASSERT_TRUE(state) << state.error().message();
  ASSERT_TRUE(as_attacker([&] {
    return rename(path_of("web.state").c_str(), path_of("aside").c_str()) == 0 &&
           plant_file(path_of("web.state"), "{}");
  }));
  const auto saved = state->save(state->current().document);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Errc::insecure);
  EXPECT_THAT(saved.error().message(), HasSubstr("uid 65534"));
  expect_attacker_learns_nothing();
}

// The same of an id that had no state: in a sticky root as well they can take its name.
TEST_F(Swap, OfNothingUnderTheLockDoesNotGiveTheDocumentAway) {
  for (const auto writable : {Writable::sticky, Writable::insecure}) {
    make_root(writable);
    const auto store = store_on(writable);
    auto vacancy = store.lock_for_new(web, Wait::never());
    ASSERT_TRUE(vacancy) << vacancy.error().message();
    ASSERT_TRUE(as_attacker([&] { return plant_file(path_of("web.state"), "{}"); }));
    const auto created = std::move(*vacancy).create(ours);
    ASSERT_FALSE(created) << to_string(writable);
    EXPECT_EQ(created.error().code, Errc::insecure);
    expect_attacker_learns_nothing();
  }
}

TEST_F(Swap, OfWhatTheGuardItselfWroteDoesNotGiveTheNextDocumentAway) {
  make_root(Writable::insecure);
  const auto store = store_on(Writable::insecure);
  auto state = store.lock_for_new(web, Wait::never()).value().create(document_of("{}"));
  ASSERT_TRUE(state) << state.error().message();
  ASSERT_TRUE(state->save(document_of("{}")));
  ASSERT_TRUE(as_attacker([&] {
    return rename(path_of("web.state").c_str(), path_of("aside").c_str()) == 0 &&
           plant_file(path_of("web.state"), "{}");
  }));
  EXPECT_FALSE(state->save(ours));
  expect_attacker_learns_nothing();
}

// In a sticky root nobody else can remove root's lock file, unless it was theirs to begin with.
TEST_F(Swap, OfALockFileThatTheAttackerMadeFirstDoesNotLetTwoIn) {
  make_root(Writable::sticky);
  ASSERT_TRUE(as_attacker([&] { return plant_file(path_of("web.lock"), ""); }));
  const auto store = store_on(Writable::sticky);
  const auto created = store.create(web, Wait::never(), ours);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, Errc::insecure);
  EXPECT_THAT(created.error().message(), HasSubstr("web.lock belongs to uid 65534"));
  EXPECT_TRUE(access(path_of("web.lock").c_str(), F_OK) == 0) << "left as found";

  // As well if the state is root's already, and only its lock file was gone.
  write_text(path_of("web.state"), private_document);
  EXPECT_EQ(store.lock(web, Wait::never()).error().code, Errc::insecure);
  EXPECT_EQ(latchfile_on(Writable::sticky, {"delete", "web"}).exit_code, 1);

  // What the error says to do helps.
  std::filesystem::remove(path_of("web.lock"));
  EXPECT_TRUE(store.lock(web, Wait::never()));
}

// The attacker here is a user like any other, with a container of their own.
TEST_F(Swap, OfNothingByUsersWhoShareAStickyRootWorksForEachAndForRoot) {
  make_root(Writable::sticky);
  const auto store = store_on(Writable::sticky);
  ASSERT_TRUE(store.create(web, Wait::never(), ours));
  const auto theirs = id_of("theirs");
  ASSERT_TRUE(as_attacker([&] {
    return store.create(theirs, Wait::never(), numbered(0)) &&
           store.update(theirs, Wait::never(), increment) &&
           store.lock(web, Wait::never()).error().sys_errno == EACCES;
  }));
  const auto updated = store.update(theirs, Wait::never(), increment);
  ASSERT_TRUE(updated) << updated.error().message();
  EXPECT_EQ(updated->document, numbered(2));
  ASSERT_TRUE(
      as_attacker([&] { return store.update(theirs, Wait::never(), increment).has_value(); }));
  const auto removed = std::move(store.lock(theirs, Wait::never()).value()).destroy();
  EXPECT_TRUE(removed) << removed.error().message();
  EXPECT_TRUE(store.update(web, Wait::never(), [&](const Snapshot&) { return ours; }));
}

}  // namespace
}  // namespace latchfile::test
