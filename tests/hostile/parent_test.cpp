// SPDX-License-Identifier: Apache-2.0
//
// A hostile user who can write in the directory above the root, as in /tmp: they may have taken the
// name of the root before root came, or with no sticky bit above, replace it at any time.
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "support/numbered_document.hpp"
#include "hostile/hostile.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

class HostileParent : public Hostile {
 protected:
  const std::string parent = dir / "parent";
  const std::string target = parent + "/root";

  void SetUp() override {
    Hostile::SetUp();
    if (IsSkipped()) return;
    fs::create_directory(parent);
    fs::permissions(parent, fs::perms(01777));
  }

  /// Every command on `target`, after `plant` has run as the attacker.
  void expect_harmless(const std::function<bool()>& plant) const {
    const std::vector<std::vector<std::string>> commands = {{"list"},
                                                            {"list", "-q"},
                                                            {"state", "web"},
                                                            {"create", "web"},
                                                            {"save", "web"},
                                                            {"update", "web", "--merge", "{}"},
                                                            {"lock", "web", "--", "true"},
                                                            {"delete", "web"},
                                                            {"locks"}};
    ASSERT_TRUE(as_attacker(plant));
    for (auto command : commands) {
      SCOPED_TRACE(testing::PrintToString(command));
      command.insert(command.begin(), {"--root", target});
      const auto outcome = latchfile(command, private_document);
      EXPECT_THAT(outcome.exit_code, AnyOf(0, 1, 3)) << outcome.err;
      if (outcome.exit_code != 0) {
        EXPECT_THAT(outcome.err, one_line(""));
      }
      EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr(std::string(secret_word))));
      expect_outside_untouched();
    }
  }
};

TEST_F(HostileParent, ALinkThatLeadsElsewhereIsNotFollowed) {
  expect_harmless([&] { return symlink(vault.c_str(), target.c_str()) == 0; });
}

TEST_F(HostileParent, ALinkIsNotFollowedHoweverThePathEnds) {
  ASSERT_TRUE(as_attacker([&] { return symlink(vault.c_str(), target.c_str()) == 0; }));
  for (const std::string end : {"", "/", "//", "/.", "/./"}) {
    const auto created = open_local(target + end)->create(id_of("web"), Wait::never(), numbered(1));
    ASSERT_FALSE(created) << end;
    EXPECT_EQ(created.error().code, Errc::insecure) << end;
    EXPECT_THAT(created.error().message(), HasSubstr("a symbolic link of uid 65534"));
  }
  expect_outside_untouched();
}

TEST_F(HostileParent, TheirOwnLinkIsFollowedForThem) {
  const auto theirs = parent + "/theirs";
  EXPECT_TRUE(as_attacker([&] {
    return mkdir(theirs.c_str(), 0700) == 0 && symlink(theirs.c_str(), target.c_str()) == 0 &&
           open_local(target)->create(id_of("web"), Wait::never(), numbered(1)).has_value();
  }));
}

TEST_F(HostileParent, ALinkThatLeadsNowhereMakesNothing) {
  expect_harmless([&] { return symlink((vault + "/new").c_str(), target.c_str()) == 0; });
}

TEST_F(HostileParent, AFifoOrALinkToItselfHangsNothing) {
  expect_harmless([&] { return mkfifo(target.c_str(), 0666) == 0; });
  fs::remove(target);
  expect_harmless([&] { return symlink(target.c_str(), target.c_str()) == 0; });
}

TEST_F(HostileParent, ARootThatRootLinkedItselfIsFollowed) {
  fs::create_directory(dir / "real");
  fs::create_directory_symlink(dir / "real", target);
  const auto store = open_local(target).value();
  EXPECT_TRUE(store.create(id_of("web"), Wait::never(), numbered(1)));
  EXPECT_TRUE(fs::exists(dir / "real/web.state"));
}

}  // namespace
}  // namespace latchfile::test
