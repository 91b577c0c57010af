// SPDX-License-Identifier: Apache-2.0
//
// Hard links to files outside, in the place of each file: kernels without fs.protected_hardlinks
// let a hostile user make them to files that they can neither read nor write (proc_sys_fs(5)). The
// link count alone tells, and only where others can write: a root of our own may well be backed up
// by hard links.
#include <filesystem>
#include <unistd.h>
#include <vector>

#include "support/numbered_document.hpp"
#include "hostile/hostile.hpp"

namespace latchfile::test {
namespace {

using testing::HasSubstr;
using testing::Not;

class HardLink : public Hostile, public testing::WithParamInterface<Writable> {
 protected:
  void link_secret_to(const std::string& name) const {
    std::filesystem::remove(path_of(name));
    ASSERT_EQ(link(secret.c_str(), path_of(name).c_str()), 0);
  }
};

TEST_P(HardLink, InThePlaceOfAStateShowsNothingOfTheFile) {
  const std::vector<std::vector<std::string>> commands = {
      {"state", "web"},
      {"list"},
      {"list", "-f", "json"},
      {"update", "web", "--", "cat"},
      {"update", "web", "--merge", R"({"a":1})"},
      {"lock", "web", "--", "true"}};
  for (const auto& command : commands) {
    SCOPED_TRACE(testing::PrintToString(command));
    make_root(GetParam());
    link_secret_to("web.state");
    const auto outcome = latchfile_on(GetParam(), command);
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr(std::string(secret_word))));
    EXPECT_THAT(outcome.err, one_line("web.state"));
    expect_outside_untouched();
    // What an update wrote is a file of its own, and no document may hold what was outside.
    if (!std::filesystem::equivalent(path_of("web.state"), secret)) {
      EXPECT_THAT(read_text(path_of("web.state")), Not(HasSubstr(std::string(secret_word))));
    }
    expect_attacker_learns_nothing();
  }
}

TEST_P(HardLink, IsNeverWrittenThroughNorGivenAway) {
  const std::vector<std::vector<std::string>> commands = {
      {"create", "web"},
      {"save", "web"},
      {"update", "web", "--merge", R"({"a":1})"},
      {"delete", "web"}};
  for (const std::string name : {"web.state", "web.lock", "web.state.tmp"}) {
    for (const auto& command : commands) {
      SCOPED_TRACE(name + " " + testing::PrintToString(command));
      make_root(GetParam());
      if (name != "web.state") {
        ASSERT_TRUE(store_on(GetParam()).create(id_of("web"), Wait::never(), document_of("{}")));
      }
      link_secret_to(name);
      const auto outcome = latchfile_on(GetParam(), command, private_document);
      EXPECT_THAT(outcome.exit_code, testing::AnyOf(0, 1, 4)) << outcome.err;
      expect_outside_untouched();
      expect_attacker_learns_nothing();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, HardLink, testing::Values(Writable::sticky, Writable::insecure),
                         [](const auto& one) { return to_string(one.param); });

class OwnRoot : public Hostile {};

TEST_F(OwnRoot, MayBeBackedUpByHardLinks) {
  const auto store = open_local(root).value();
  ASSERT_TRUE(store.create(id_of("web"), Wait::never(), numbered(1)));
  std::filesystem::create_hard_link(path_of("web.state"), dir / "backup");
  const auto found = store.load(id_of("web"));
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->document, numbered(1));
  EXPECT_TRUE(store.update(id_of("web"), Wait::never(), increment));
  EXPECT_EQ(read_text(dir / "backup"), numbered(1).bytes()) << "a backup that changes";
}

}  // namespace
}  // namespace latchfile::test
