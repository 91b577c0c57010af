// SPDX-License-Identifier: Apache-2.0
//
// The checker notices every step of the protocols that is left out or done wrong.
//
// Each kernel here breaks one rule on behalf of a library that forgot it, and the same exploration
// that finds no violation with the library as it is must find one.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <string_view>

#include "crash/checker.hpp"

namespace latchfile::test {
namespace {

bool is_state(std::string_view path) { return path.ends_with(".state"); }
bool is_temp(std::string_view path) { return path.ends_with(".state.tmp"); }

struct WithoutFdatasync : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<> fdatasync(int) override { return {}; }
};

struct WithoutFsyncOfDirectories : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<> fsync(int) override { return {}; }
};

struct FdatasyncAfterTheRename : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<> fdatasync(int) override { return {}; }
  Sys<> renameat(int dir, const char* from, const char* to) override {
    const auto temp = CrashKernel::openat(dir, from, O_WRONLY, 0);
    const auto renamed = CrashKernel::renameat(dir, from, to);
    const auto synced = CrashKernel::fdatasync(temp->get());
    return synced ? renamed : synced;
  }
};

struct FsyncOfTheDirectoryBeforeTheRename : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<> fsync(int) override { return {}; }
  Sys<> renameat(int dir, const char* from, const char* to) override {
    const auto names = CrashKernel::openat(dir, ".", O_RDONLY | O_DIRECTORY, 0);
    const auto synced = CrashKernel::fsync(names->get());
    return synced ? CrashKernel::renameat(dir, from, to) : synced;
  }
};

struct TruncatesAndWritesInPlace : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<> renameat(int dir, const char* from, const char* to) override {
    const auto content =
        disk().content(static_cast<ino_t>(fstatat(dir, from, 0, Times::no)->st_ino));
    const auto state = CrashKernel::openat(dir, to, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    if (const auto written = write(state->get(), content); !written) {
      return std::unexpected(written.error());
    }
    if (const auto synced = CrashKernel::fdatasync(state->get()); !synced) return synced;
    return CrashKernel::unlinkat(dir, from);
  }
};

struct WithoutFsyncOfAnUnlink : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<> unlinkat(int dir, const char* path) override {
    unlinked_ = unlinked_ || is_state(path);
    return CrashKernel::unlinkat(dir, path);
  }
  Sys<> fsync(int fd) override { return unlinked_ ? Sys<>() : CrashKernel::fsync(fd); }

 private:
  bool unlinked_ = false;
};

struct WithoutFsyncOfTheTop : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    auto opened = CrashKernel::openat(dir, path, flags, mode);
    if (opened && std::string_view(path) == "/") top_ = opened->get();
    return opened;
  }
  Sys<> fsync(int fd) override { return fd == top_ ? Sys<>() : CrashKernel::fsync(fd); }

 private:
  int top_ = -1;
};

struct ReusesTheTempFile : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    return CrashKernel::openat(dir, path, is_temp(path) ? flags & ~O_EXCL : flags, mode);
  }
};

/// As REUSE_TEMP of model/save.pml: half a rename leaves both names on the file that is the state.
struct TruncatesTheTempFile : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    const bool creates = is_temp(path) && (flags & O_EXCL) != 0;
    return CrashKernel::openat(dir, path, creates ? (flags & ~O_EXCL) | O_TRUNC : flags, mode);
  }
};

struct LeavesLockFiles : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<> unlinkat(int dir, const char* path) override {
    return std::string_view(path).ends_with(".lock") ? Sys<>() : CrashKernel::unlinkat(dir, path);
  }
};

struct NamesItsTempFilesOtherwise : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    return CrashKernel::openat(dir, is_temp(path) ? "web.new" : path, flags, mode);
  }
  Sys<> renameat(int dir, const char*, const char* to) override {
    return CrashKernel::renameat(dir, "web.new", to);
  }
};

struct TriesFsyncAgain : CrashKernel {
  using CrashKernel::CrashKernel;
  Sys<> fsync(int fd) override {
    const auto synced = CrashKernel::fsync(fd);
    return synced ? synced : CrashKernel::fsync(fd);
  }
};

Setting setting(const char* root = "/root") {
  return {root,
          {ContainerId::parse("web").value()},
          {document_of_size('a', 1100), document_of_size('b', 700)}};
}

template <class Broken>
std::unique_ptr<CrashKernel> make(Disk disk) {
  return std::make_unique<Broken>(std::move(disk));
}

struct Breach {
  const char* name;
  Checker::MakeKernel make_kernel;
  const char* invariant;  ///< that is violated
  const char* root = "/root";
};

std::ostream& operator<<(std::ostream& out, const Breach& breach) { return out << breach.name; }

class BrokenKernel : public testing::TestWithParam<Breach> {};

TEST_P(BrokenKernel, IsNoticed) {
  Checker checker(setting(GetParam().root), GetParam().make_kernel);
  explore(checker, Disk());
  ASSERT_FALSE(checker.violations().empty());
  EXPECT_NE(checker.violations().front().find(GetParam().invariant), std::string::npos)
      << summary(checker);
}

INSTANTIATE_TEST_SUITE_P(
    Crash, BrokenKernel,
    testing::Values(Breach{"WithoutS3", make<WithoutFdatasync>, "I2"},
                    Breach{"S3AfterS4", make<FdatasyncAfterTheRename>, "I2"},
                    Breach{"WithoutS5", make<WithoutFsyncOfDirectories>, "I3"},
                    Breach{"S5BeforeS4", make<FsyncOfTheDirectoryBeforeTheRename>, "I3"},
                    Breach{"WritesInPlace", make<TruncatesAndWritesInPlace>, "I2"},
                    Breach{"WithoutD2", make<WithoutFsyncOfAnUnlink>, "I3"},
                    Breach{"WithoutD3", make<LeavesLockFiles>, "I7"},
                    Breach{"WithoutFsyncOfTheParent", make<WithoutFsyncOfTheTop>, "I3"},
                    Breach{"WithoutFsyncOfAnAncestor", make<WithoutFsyncOfTheTop>, "I3",
                           "/var/lib/root"},
                    Breach{"ReusesTheTempFile", make<ReusesTheTempFile>, "I2"},
                    Breach{"TruncatesTheTempFile", make<TruncatesTheTempFile>, "I2"},
                    Breach{"AnotherTempName", make<NamesItsTempFilesOtherwise>, "I7"}),
    [](const auto& breach) { return std::string(breach.param.name); });

TEST(FsyncTriedAgain, IsNoticed) {
  Checker checker(setting(), make<TriesFsyncAgain>);
  const auto& create = operations().front();
  const auto trial = checker.run(Disk(), create, 0, checker.run(Disk(), create).syncs);
  EXPECT_TRUE(trial.result);
  ASSERT_FALSE(checker.violations().empty());
  EXPECT_NE(checker.violations().front().find("I3"), std::string::npos) << summary(checker);
}

}  // namespace
}  // namespace latchfile::test
