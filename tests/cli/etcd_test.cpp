// SPDX-License-Identifier: Apache-2.0
//
// The command on a store in etcd.
#include <filesystem>

#include "cli/cli.hpp"
#include "support/etcd_server.hpp"

namespace latchfile::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class EtcdRoot : public Cli {
 protected:
  EtcdServer& server = EtcdServer::shared();
  const std::string url = server.url("/cli");

  /// Without a command of the same name beside it.
  [[nodiscard]] std::string command_alone() const {
    const auto alone = dir / "latchfile";
    std::filesystem::copy(LATCHFILE_BINARY, alone);
    return alone;
  }
  [[nodiscard]] Outcome on_etcd(const std::string& script,
                                const std::vector<std::string>& env = {}) const {
    std::vector<std::string> all = {"LATCHFILE_ROOT=" + url};
    all.insert(all.end(), env.begin(), env.end());
    return shell(script, {}, all);
  }
};

TEST_F(EtcdRoot, IsUsedLikeADirectory) {
  EXPECT_THAT(on_etcd("echo '{\"status\":\"created\",\"x\":1.50}' | latchfile create pod1/web"),
              succeeds());
  EXPECT_THAT(on_etcd("latchfile update web --merge '{\"status\":\"stopped\"}'"), succeeds());
  EXPECT_THAT(on_etcd("latchfile state pod1/web"), prints("{\"status\":\"stopped\",\"x\":1.50}"));
  EXPECT_THAT(on_etcd("latchfile list --quiet"), prints("pod1/web\n"));
  EXPECT_THAT(on_etcd("echo '{}' | latchfile create pod1/web"),
              fails_saying(4, "create pod1/web: it already exists in " + url));
  EXPECT_THAT(on_etcd("latchfile state nothing"), fails_saying(3, "nothing"));
  EXPECT_THAT(on_etcd("latchfile delete pod1/web"), succeeds());
  EXPECT_THAT(on_etcd("latchfile list -f json"), prints("[]\n"));
  EXPECT_THAT(server.keys("/cli"), testing::IsEmpty());
}

TEST_F(EtcdRoot, IsNamedByAnOptionAsWell) {
  EXPECT_THAT(latchfile({"--root", url, "list", "-q"}), prints(""));
  EXPECT_THAT(latchfile({"list", "-q", "--root", url}), prints(""));
}

TEST_F(EtcdRoot, ShowsWhoHoldsALockAndWhere) {
  ASSERT_THAT(on_etcd("echo '{}' | latchfile create web"), succeeds());
  EXPECT_THAT(
      on_etcd("latchfile lock web -- latchfile locks"),
      prints(MatchesRegex("ID +PID +DOES +COMMAND\nweb +[0-9]+@[^ ]+ +holds +latchfile lock "
                          "web -- latchfile locks\n")));
  EXPECT_THAT(on_etcd("latchfile lock web -- latchfile delete web --nonblock"),
              AllOf(fails_saying(5, "lock web: its lock in " + url + " is held by pid ")));
  EXPECT_THAT(on_etcd("latchfile lock web -- latchfile delete web --timeout 0.05"),
              fails_saying(5, " is still held by pid "));
  EXPECT_THAT(on_etcd("latchfile lock web -- sh -c 'exit 7'; latchfile delete web"), succeeds());
}

TEST_F(EtcdRoot, EndsTheCommandUnderALockThatIsLost) {
  const EtcdServer mortal;
  const auto at = "latchfile --root " + mortal.url("/cli");
  ASSERT_THAT(shell("echo '{}' | " + at + " create web"), succeeds());
  const auto etcd = std::to_string(mortal.process().pid());
  // The lock outlives etcd by its time to live, and the command would by ten minutes.
  EXPECT_THAT(shell(at + " lock web -- sh -c 'kill -9 " + etcd + "; exec sleep 600'"),
              fails_saying(1, "lock web: the lock is lost, and 'sh' was killed"));
}

TEST_F(EtcdRoot, JudgesOnlyProcessesOfThisMachine) {
  auto boot = read_text("/proc/sys/kernel/random/boot_id");
  boot.pop_back();
  const auto running_in = [](const std::string& boot_id) {
    return R"({"ociVersion":"1.0.2","id":"x","status":"running","pid":4194305,"bundle":"/b",)"
           R"("org.latchfile.process":{"pid":4194305,"bootId":")" +
           boot_id + R"("}})";
  };
  const auto add = [&](const std::string& id, const std::string& document) {
    EXPECT_THAT(on_etcd("echo '" + document + "' | latchfile create " + id), succeeds());
  };
  add("here", running_in(boot));
  add("there", running_in("another"));
  add("somewhere", R"({"status":"running","pid":4194305})");
  add("statusless", R"({"init_process_pid":4194305})");
  EXPECT_THAT(on_etcd("latchfile list -f '{id} {status}'"),
              prints("here stopped\nsomewhere running\nstatusless unknown\nthere running\n"));
  EXPECT_THAT(on_etcd("latchfile wait there --for status=running"), succeeds());
  EXPECT_THAT(on_etcd("latchfile wait here --for status=stopped"), succeeds());
  EXPECT_THAT(on_etcd("latchfile wait there --for status=stopped --timeout 0"),
              fails_saying(5, "status is 'running'"));
  for (const std::string id : {"here", "there", "somewhere", "statusless"})
    EXPECT_THAT(on_etcd("latchfile delete " + id), succeeds());
}

TEST_F(EtcdRoot, IsNotCheckedAndSaysWhy) {
  EXPECT_THAT(on_etcd("latchfile check"),
              fails_saying(1, "check " + url + ": in etcd nothing is left half done"));
}

TEST_F(EtcdRoot, IsWaitedForByHooksNoLongerThanTheyMayLast) {
  const auto limits = [&](const std::string& options) {
    return on_etcd("latchfile " + options + " --print-config | grep -c -e '--command-timeout=" +
                   (options.contains("--command-timeout") ? "7.0" : "3.0") + "'");
  };
  EXPECT_THAT(limits("hook --timeout 3"), prints("3\n"));
  EXPECT_THAT(limits("--command-timeout 7 hook --timeout 3"), prints("3\n"));
}

TEST_F(EtcdRoot, WithoutTheProgramForItSaysWhatToInstall) {
  EXPECT_THAT(run({command_alone(), "--root", url, "list"}),
              fails_saying(1, "install the component etcd of Latchfile"));
}

TEST_F(EtcdRoot, ThatCannotBeReachedIsNamed) {
  const auto nobody = "etcd://%2Fnowhere%2Fsocket/cli";
  EXPECT_THAT(latchfile({"--root", nobody, "--command-timeout", "0.1", "list"}),
              fails_saying(1, "list: etcd at /nowhere/socket: "));
}

TEST_F(EtcdRoot, ThatIsMisspelledIsUsage) {
  for (const std::string wrong : {"etcd:localhost:1/x", "etcd:/localhost:1/x", "etcd://",
                                  "etcd://localhost/x", "etcd://localhost:1", "etcd://localhost:1/",
                                  "etcd://localhost:1/a b", "etcd://localhost:1,/a"}) {
    EXPECT_THAT(latchfile({"--root", wrong, "list"}), fails_saying(2, "latchfile list: "));
  }
}

TEST_F(EtcdRoot, RepeatsNoPassword) {
  const std::string secret = "hunter2";
  const auto url_with_it = "etcd://me:" + secret + "@localhost:1/x";
  for (const auto& outcome :
       {latchfile({"--root", url_with_it, "list"}), latchfile({"--user", "me:" + secret, "list"}),
        on_etcd("latchfile list", {"LATCHFILE_ETCD_PASSWORD=" + secret})}) {
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.err, AllOf(Not(HasSubstr(secret)), one_line("password")));
  }
}

TEST_F(EtcdRoot, ReadsThePasswordFromAFile) {
  write_text(dir / "password", "secret\nnot this\n");
  // This etcd asks nobody for a password.
  EXPECT_THAT(on_etcd("latchfile --user me --password-file password list -q"), prints(""));
  EXPECT_THAT(on_etcd("latchfile --user me --password-file nowhere list -q"),
              fails_saying(1, "read the password in nowhere"));
}

}  // namespace
}  // namespace latchfile::test
