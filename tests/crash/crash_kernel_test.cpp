// SPDX-License-Identifier: Apache-2.0
//
// CrashKernel answers as the real kernel does: the same calls on both, with the same outcomes.
#include "crash/crash_kernel.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <set>
#include <sys/file.h>

#include "posix/real_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

/// Does calls in one directory and writes down how each ended.
class Script {
 public:
  Script(Kernel& kernel, const std::string& directory)
      : kernel_(kernel),
        directory_(kernel.openat(AT_FDCWD, directory.c_str(), O_PATH | O_DIRECTORY, 0).value()) {}

  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

  UniqueFd open(const char* path, int flags, mode_t mode = 0600) {
    auto fd = kernel_.openat(directory_.get(), path, flags, mode);
    note(std::string("open ") + path, fd);
    return fd ? std::move(*fd) : UniqueFd();
  }
  void write(const UniqueFd& fd, std::string_view bytes) {
    note("write", kernel_.write(fd.get(), bytes));
  }
  void read(const UniqueFd& fd, std::size_t bytes) {
    std::string into(bytes, '?');
    note("read", kernel_.read(fd.get(), into.data(), bytes));
    lines_.back() += " " + into;
  }
  void stat(const UniqueFd& fd) { note("fstat", kernel_.fstat(fd.get(), Times::no)); }
  void stat(const char* path) {
    note(std::string("fstatat ") + path,
         kernel_.fstatat(directory_.get(), path, AT_SYMLINK_NOFOLLOW, Times::no));
  }
  void same_file(const UniqueFd& fd, const char* path) {
    const auto held = kernel_.fstat(fd.get(), Times::no);
    const auto named = kernel_.fstatat(directory_.get(), path, AT_SYMLINK_NOFOLLOW, Times::no);
    const bool same = held->st_dev == named->st_dev && held->st_ino == named->st_ino;
    lines_.push_back(std::string(path) + (same ? " is the same" : " is another"));
  }
  void rename(const char* from, const char* to) {
    note("rename", kernel_.renameat(directory_.get(), from, to));
  }
  void unlink(const char* path) { note("unlink", kernel_.unlinkat(directory_.get(), path)); }
  void mkdir(const char* path) { note("mkdir", kernel_.mkdirat(directory_.get(), path, 0711)); }
  void chmod(const UniqueFd& fd, mode_t mode) { note("fchmod", kernel_.fchmod(fd.get(), mode)); }
  void sync(const UniqueFd& fd) {
    note("fsync", kernel_.fsync(fd.get()));
    note("fdatasync", kernel_.fdatasync(fd.get()));
  }
  void lock(const UniqueFd& fd, int operation) {
    note("flock", kernel_.flock(fd.get(), operation));
  }
  void list(const UniqueFd& fd, std::size_t buffer_bytes) {
    std::set<std::string> names;
    std::vector<char> buffer(buffer_bytes);
    for (;;) {
      const auto filled = kernel_.getdents64(fd.get(), buffer.data(), buffer.size());
      if (!filled || *filled == 0) {
        note("getdents64", filled);
        break;
      }
      for (std::size_t at = 0; at < *filled;) {
        const auto* record = reinterpret_cast<const dirent64*>(buffer.data() + at);
        if (record->d_name[0] != '.') names.insert(record->d_name);
        at += record->d_reclen;
      }
    }
    for (const auto& name : names)
      lines_.back() += " " + name;
  }

 private:
  static std::string text_of(const UniqueFd&) { return "done"; }
  static std::string text_of(std::size_t count) { return std::to_string(count); }
  static std::string text_of(const struct stat& stat) {
    if (S_ISDIR(stat.st_mode)) return "directory";
    return "mode " + std::to_string(stat.st_mode) + " size " + std::to_string(stat.st_size) +
           " links " + std::to_string(stat.st_nlink);
  }

  template <class T>
  void note(std::string what, const Sys<T>& outcome) {
    what += ": ";
    if (!outcome) {
      what += "errno " + std::to_string(outcome.error().value);
    } else if constexpr (!std::is_void_v<T>) {
      what += text_of(*outcome);
    }
    lines_.push_back(std::move(what));
  }

  Kernel& kernel_;
  UniqueFd directory_;
  std::vector<std::string> lines_;
};

std::vector<std::string> run_files(Kernel& kernel, const std::string& directory) {
  Script script(kernel, directory);
  script.open("a", O_RDONLY);
  const auto made = script.open("a", O_WRONLY | O_CREAT | O_EXCL, 0640);
  script.open("a", O_WRONLY | O_CREAT | O_EXCL);
  script.write(made, "0123456789");
  script.write(made, "abc");
  script.read(made, 1);
  script.stat(made);
  script.chmod(made, 0600);
  script.stat("a");
  const auto again = script.open("a", O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  script.read(again, 12);
  script.read(again, 12);
  script.write(again, "x");
  const auto over = script.open("a", O_RDWR);
  script.write(over, "XY");
  script.read(over, 3);
  script.stat("a");
  script.open("a", O_WRONLY | O_TRUNC);
  script.stat("a");
  script.read(again, 1);
  script.open("a", O_RDONLY | O_DIRECTORY);
  script.open("a/b", O_RDONLY);
  script.open("", O_RDONLY);
  script.sync(made);
  script.sync(again);
  script.sync(UniqueFd());
  return script.lines();
}

std::vector<std::string> run_names(Kernel& kernel, const std::string& directory) {
  Script script(kernel, directory);
  script.mkdir("d");
  script.mkdir("d");
  script.mkdir("e/f");
  const auto path_only = script.open("d", O_PATH | O_DIRECTORY);
  script.stat(path_only);
  script.sync(path_only);
  script.lock(path_only, LOCK_EX | LOCK_NB);
  script.list(path_only, 4096);
  script.open("d", O_RDWR);
  script.open("d", O_WRONLY | O_CREAT);
  script.unlink("d");
  const auto a = script.open("a", O_WRONLY | O_CREAT);
  const auto b = script.open("./b", O_WRONLY | O_CREAT);
  script.write(a, "a");
  script.rename("a", "b");
  script.rename("a", "b");
  script.rename("b", "d");
  script.same_file(a, "b");
  script.stat(b);
  script.stat("a");
  script.unlink("a");
  for (const auto* name : {"c1", "c2", "c3", "c4", "c5"})
    script.open(name, O_WRONLY | O_CREAT);
  const auto listed = script.open(".", O_RDONLY | O_DIRECTORY);
  script.list(listed, 64);
  script.sync(listed);
  script.unlink("b");
  script.stat(a);
  const auto remade = script.open("b", O_WRONLY | O_CREAT);
  script.same_file(a, "b");
  script.same_file(remade, "b");
  return script.lines();
}

std::vector<std::string> run_locks(Kernel& kernel, const std::string& directory) {
  Script script(kernel, directory);
  const auto one = script.open("lock", O_RDWR | O_CREAT);
  auto two = script.open("lock", O_RDONLY);
  const auto three = script.open("lock", O_RDONLY);
  script.lock(one, LOCK_EX | LOCK_NB);
  script.lock(one, LOCK_EX | LOCK_NB);
  script.lock(two, LOCK_EX | LOCK_NB);
  script.lock(two, LOCK_SH | LOCK_NB);
  script.lock(one, LOCK_SH | LOCK_NB);
  script.lock(two, LOCK_SH | LOCK_NB);
  script.lock(three, LOCK_EX | LOCK_NB);
  script.lock(one, LOCK_UN);
  two = UniqueFd();
  script.lock(three, LOCK_EX | LOCK_NB);
  script.lock(one, LOCK_SH | LOCK_NB);
  return script.lines();
}

class CrashKernelTest
    : public testing::TestWithParam<std::vector<std::string> (*)(Kernel&, const std::string&)> {};

TEST_P(CrashKernelTest, AnswersAsTheRealKernelDoes) {
  const TempDir real_directory;
  CrashKernel crash_kernel{Disk()};
  const mode_t old_mask = umask(0);
  const auto expected = GetParam()(real_kernel(), real_directory.path().string());
  umask(old_mask);
  EXPECT_EQ(GetParam()(crash_kernel, "/"), expected);
}

INSTANTIATE_TEST_SUITE_P(Calls, CrashKernelTest, testing::Values(run_files, run_names, run_locks));

TEST(CrashKernelVisit, ShowsTheDiskBeforeEachCall) {
  CrashKernel kernel{Disk()};
  std::vector<std::size_t> files;
  kernel.before_each([&] { files.push_back(kernel.disk().names_in(Disk::root).size()); });
  const auto made = kernel.openat(AT_FDCWD, "a", O_WRONLY | O_CREAT, 0600);
  ASSERT_TRUE(made);
  ASSERT_TRUE(kernel.unlinkat(AT_FDCWD, "a"));
  ASSERT_TRUE(kernel.fsync(made->get()));
  EXPECT_EQ(files, (std::vector<std::size_t>{0, 1, 0}));
  EXPECT_EQ(kernel.calls(), 3U);
}

}  // namespace
}  // namespace latchfile::test
