// SPDX-License-Identifier: Apache-2.0
//
// Holders and waiters on both sides of a pid namespace: who is seen, and what is said of whom
// nobody can number. Needs root.
#include <algorithm>
#include <fstream>

#include <nlohmann/json.hpp>

#include "cli/cli.hpp"
#include "posix/lock_holder.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::test {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;

class LocksInNamespaces : public Cli {
 protected:
  void SetUp() override {
    auto trial = inside;
    trial.emplace_back("true");
    if (run(trial).exit_code != 0) GTEST_SKIP() << "no new pid namespace: root is needed";
    create("web", "{}");
  }

  /// Runs a script of sh in a pid namespace of its own, in the directory of the test.
  [[nodiscard]] std::vector<std::string> in_namespace(const std::string& script) const {
    auto command = inside;
    command.insert(command.end(), {"sh", "-c", "cd '" + dir.path().string() + "' && " + script});
    return command;
  }
  [[nodiscard]] std::string command(const std::string& rest) const {
    return std::string(LATCHFILE_BINARY) + " --root " + root + " " + rest;
  }
  [[nodiscard]] static bool waits(pid_t pid) {
    const auto flocks = read_flocks(real_kernel());
    return flocks && std::ranges::any_of(*flocks, [&](const FlockEntry& entry) {
             return entry.waiting && entry.pid == pid;
           });
  }

  const std::vector<std::string> inside = {"unshare", "--pid", "--fork", "--mount-proc",
                                           "--kill-child"};
};

TEST_F(LocksInNamespaces, AHolderOutsideIsSaidToBeOfAnother) {
  const Holder holder(dir, root, "web");
  EXPECT_THAT(run(in_namespace(command("lock web --nonblock -- true"))),
              fails_saying(5, "web.lock is held by a process of another pid namespace"));
  EXPECT_THAT(run(in_namespace(command("locks -f json"))), prints("[]\n"));
}

TEST_F(LocksInNamespaces, AWaiterOutsideIsSaidToBeOfAnother) {
  // Inside, somebody holds the lock and looks around once it is told to.
  const Child holder(in_namespace(
      "mkfifo go && " + command("lock web -- sh -c 'echo $$ >held && read line <go && ") +
      command("locks >table && ") +
      command("locks -f json >json && echo 1 >done && read line <go'")));
  const auto held = pid_in(dir / "held");
  EXPECT_LT(held, 20) << "a small number, as the first processes of a namespace have";
  const Child waiter({LATCHFILE_BINARY, "--root", root, "lock", "web", "--", "true"});
  ASSERT_TRUE(eventually([&] { return waits(waiter.pid()); }));

  // From outside both have numbers.
  const auto seen_outside = json::parse(latchfile({"locks", "-f", "json"}).out);
  ASSERT_EQ(seen_outside.size(), 1U);
  EXPECT_GT(seen_outside[0]["pid"], 0);
  EXPECT_THAT(seen_outside[0]["command"].get<std::string>(), HasSubstr("lock web -- sh"));
  ASSERT_EQ(seen_outside[0]["waiters"].size(), 1U);
  EXPECT_EQ(seen_outside[0]["waiters"][0]["pid"], waiter.pid());

  std::ofstream(dir / "go") << "\n" << std::flush;
  ASSERT_EQ(pid_in(dir / "done"), 1);
  const auto seen_inside = json::parse(read_text(dir / "json"));
  ASSERT_EQ(seen_inside.size(), 1U);
  EXPECT_LT(seen_inside[0]["pid"], 20);
  EXPECT_EQ(seen_inside[0]["waiters"], json::parse(R"([{"pid":0,"command":""}])"));
  EXPECT_THAT(read_text(dir / "table"),
              ContainsRegex("\nweb   -  +waits   \\(a process of another pid namespace\\)\n"));
}

}  // namespace
}  // namespace latchfile::test
