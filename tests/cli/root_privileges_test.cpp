// SPDX-License-Identifier: Apache-2.0
//
// Roots of another user, the default roots, and file systems that are read-only or full. These
// tests become another user or mount in a namespace of their own, and say so where they may not.
#include <filesystem>
#include <unistd.h>

#include "cli/cli.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

/// Another user works in `dir`, with a copy of the command, which may lie where they cannot go.
class AsAnother : public Cli {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    fs::permissions(dir.path(), fs::perms(0711));
    fs::copy_file(LATCHFILE_BINARY, dir / "latchfile");
    fs::permissions(dir / "latchfile", fs::perms(0755));
    fs::create_directory(dir / "counts");
    fs::permissions(dir / "counts", fs::perms(0777));
  }

  /// Runs a script as nobody.
  [[nodiscard]] Outcome as_nobody(const std::string& script, std::string_view input = {}) const {
    write_text(dir / "script",
               "cd " + dir.path().string() + "; PATH=" + dir.path().string() + ":$PATH; " + script);
    fs::permissions(dir / "script", fs::perms(0755));
    // In a build for gcov the command writes its counts at the end, and complains if it cannot.
    return shell("exec setpriv --reuid 65534 --regid 65534 --clear-groups sh " + (dir / "script"),
                 input, {"GCOV_PREFIX=" + (dir / "counts")});
  }
};

TEST_F(AsAnother, ReadsWorkWhereThePermissionsLetThem) {
  create("web", "{\"a\":1}");
  create("secret", "{}");
  fs::permissions(path_of("web.state"), fs::perms(0644));
  EXPECT_THAT(as_nobody("latchfile state web"), prints("{\"a\":1}")) << "in a root of mode 0711";
  EXPECT_THAT(as_nobody("latchfile state secret"),
              fails(1, "latchfile state: load secret: open " + path_of("secret.state") +
                           ": Permission denied; run as the owner of the root, or choose another "
                           "with --root"));
  EXPECT_THAT(as_nobody("latchfile list"), fails_saying(1, "Permission denied"));
  fs::permissions(root, fs::perms(0755));
  EXPECT_THAT(as_nobody("latchfile list"),
              ends(0, AllOf(HasSubstr("\nsecret   0     io "), HasSubstr("\nweb ")),
                   one_line("load secret: open ")));
}

TEST_F(AsAnother, WritesAreRefusedInOneLine) {
  create("web", "{\"a\":1}");
  fs::permissions(path_of("web.state"), fs::perms(0644));
  for (const std::string command :
       {"save web", "delete web", "update web --merge '{}'", "lock web -- true", "create db"}) {
    EXPECT_THAT(as_nobody("latchfile " + command, "{}"),
                fails_saying(1, "Permission denied; run as the owner of the root"))
        << command;
  }
  EXPECT_THAT(as_nobody("latchfile --root " + (dir / "other") + " create web", "{}"),
              fails_saying(1, "make directory " + (dir / "other") + ": Permission denied"));
  EXPECT_THAT(latchfile({"state", "web"}), prints("{\"a\":1}"));
  EXPECT_THAT(latchfile({"list", "-q"}), prints("web\n"));
}

TEST_F(AsAnother, ASaveByRootLeavesTheOwner) {
  fs::create_directory(root);
  ASSERT_EQ(chown(root.c_str(), 65534, 65534), 0);
  ASSERT_THAT(as_nobody("latchfile create web", "{\"a\":1}"), succeeds());
  ASSERT_THAT(latchfile({"save", "web"}, "{\"a\":2}"), succeeds());
  EXPECT_THAT(as_nobody("latchfile state web"), prints("{\"a\":2}"));
  EXPECT_THAT(as_nobody("latchfile save web", "{\"a\":3}"), succeeds());
}

TEST_F(AsAnother, TheDefaultRootIsInTheRuntimeDirectory) {
  fs::create_directory(dir / "runtime");
  ASSERT_EQ(chown((dir / "runtime").c_str(), 65534, 65534), 0);
  const auto prefix = "unset LATCHFILE_ROOT; XDG_RUNTIME_DIR=" + (dir / "runtime") + " ";
  EXPECT_THAT(as_nobody(prefix + "latchfile create web", "{}"), succeeds());
  EXPECT_TRUE(fs::exists(dir / "runtime/latchfile/web.state"));
  EXPECT_THAT(as_nobody(prefix + "LATCHFILE_ROOT=" + root + " latchfile list -q"), prints(""));
}

TEST_F(AsAnother, WithoutADefaultRootOneIsAskedFor) {
  for (const std::string script : {"unset LATCHFILE_ROOT XDG_RUNTIME_DIR; latchfile list",
                                   "LATCHFILE_ROOT= XDG_RUNTIME_DIR= latchfile list"}) {
    EXPECT_THAT(as_nobody(script),
                fails(2,
                      "latchfile list: no root: give --root DIR, or set LATCHFILE_ROOT or "
                      "XDG_RUNTIME_DIR"));
  }
}

/// Scripts of this run in a mount namespace of their own, with a small tmpfs at `dir`/mount.
class OnMount : public Cli {
 protected:
  void SetUp() override {
    fs::create_directory(dir / "mount");
    if (mounted("true").exit_code != 0) {
      GTEST_SKIP() << "no right to mount in a namespace of its own: needs root with CAP_SYS_ADMIN";
    }
  }

  [[nodiscard]] Outcome mounted(const std::string& script) const {
    write_text(dir / "script",
               "mount -t tmpfs -o size=256k,mode=755 none mount || exit 99\n"
               "LATCHFILE_ROOT=$PWD/mount/root\n" +
                   script);
    return shell("exec unshare -m sh script");
  }
  const std::string mount_root = dir / "mount/root";
};

TEST_F(OnMount, TheDefaultRootOfRootIsInRun) {
  EXPECT_THAT(mounted("mount -t tmpfs none /run; unset LATCHFILE_ROOT; XDG_RUNTIME_DIR=/run/user\n"
                      "echo '{}' | latchfile create web && ls -A /run /run/latchfile"),
              prints("/run:\nlatchfile\n\n/run/latchfile:\nweb.lock\nweb.state\n"));
}

TEST_F(OnMount, AReadOnlyRootCanBeRead) {
  EXPECT_THAT(mounted("echo '{}' | latchfile create web && mount -o remount,ro mount\n"
                      "latchfile state web && latchfile list -q && latchfile locks -f json"),
              prints("{}\nweb\n[]\n"));
}

TEST_F(OnMount, AReadOnlyRootRefusesWritesInOneLine) {
  for (const std::string command :
       {"save web", "create db", "delete web", "update web --merge '{}'", "lock web -- true",
        "--root mount/new create web"}) {
    EXPECT_THAT(mounted("echo '{}' | latchfile create web && mount -o remount,ro mount\n"
                        "echo '{}' | latchfile " +
                        command),
                fails_saying(1,
                             "Read-only file system; mount the file system writable, or choose "
                             "another root with --root"))
        << command;
  }
}

/// stat says another device of a file there than /proc/locks does.
TEST_F(OnMount, OnAnOverlayTheHolderOfALockIsNamed) {
  const std::string overlay =
      "mkdir mount/upper mount/work mount/merged\n"
      "mount -t overlay -o lowerdir=/usr/lib,upperdir=$PWD/mount/upper,workdir=$PWD/mount/work "
      "none "
      "mount/merged || exit 98\n"
      "export LATCHFILE_ROOT=$PWD/mount/merged/root\n";
  if (mounted(overlay).exit_code == 98) GTEST_SKIP() << "no overlay can be mounted";
  const auto outcome =
      mounted(overlay +
              "echo '{}' | latchfile create web\n"
              "latchfile lock web -- sh -c 'latchfile locks; latchfile delete web --nonblock'");
  EXPECT_THAT(outcome, ends(5, HasSubstr("   holds   latchfile lock web -- sh -c latchfile locks;"),
                            one_line("web.lock is held by pid ")));
}

const std::string fill_the_disk =
    "echo '{}' | latchfile create web\n"
    "cat /dev/zero >mount/fill 2>/dev/null\n";

TEST_F(OnMount, AFullDiskFailsASaveAndKeepsTheOldDocument) {
  EXPECT_THAT(mounted(fill_the_disk + "echo '{\"a\":1}' | latchfile save web"),
              fails(1, "latchfile save: save web: write " + mount_root +
                           "/web.state.tmp: No space "
                           "left on device; free some space and try again"));
  EXPECT_THAT(mounted(fill_the_disk + "echo '{\"a\":1}' | latchfile save web 2>/dev/null\n"
                                      "latchfile state web; ls -A mount/root"),
              prints("{}\nweb.lock\nweb.state\n"));
}

TEST_F(OnMount, AFullDiskFailsACreateAndLeavesNothing) {
  EXPECT_THAT(mounted(fill_the_disk + "echo '{}' | latchfile create db 2>/dev/null; echo $?\n"
                                      "ls -A mount/root"),
              prints("1\nweb.lock\nweb.state\n"));
}

TEST_F(OnMount, AFullDiskDoesNotHinderADelete) {
  EXPECT_THAT(mounted(fill_the_disk + "latchfile delete web && ls -A mount/root"), succeeds());
}

}  // namespace
}  // namespace latchfile::test
