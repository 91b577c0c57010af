// SPDX-License-Identifier: Apache-2.0
//
// What a watch of a directory does that the contract does not ask for: queues that overflow,
// kernels that fail or are short of something, writers in place, and changes at every moment.
#include "local/watch.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "posix/real_kernel.hpp"
#include "support/child.hpp"
#include "support/fault_kernel.hpp"
#include "support/followed.hpp"
#include "support/numbered_document.hpp"
#include "support/passing_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;
using Call = FaultKernel::Call;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string one = R"({"n":1})";
const std::string two = R"({"n":2})";

/// A kernel whose inotify is what the test makes of it.
class NotingKernel final : public PassingKernel {
 public:
  bool overflows = false;   ///< the next read finds a queue that overflowed, and nothing else
  bool breaks_off = false;  ///< the next read ends inside of a record
  int overflows_seen = 0;
  std::map<std::string, int> errors_of_add;  ///< by path
  int error_of_init = 0;
  int error_of_read = 0;
  int error_of_poll = 0;
  int watches = 0;

  Sys<std::size_t> read(int fd, char* into, std::size_t bytes) override {
    if (fd != inotify_) return PassingKernel::read(fd, into, bytes);
    if (error_of_read != 0) return std::unexpected(Errno{std::exchange(error_of_read, 0)});
    auto got = PassingKernel::read(fd, into, bytes);
    if (got && std::exchange(overflows, false)) {
      inotify_event lost{};
      lost.wd = -1;
      lost.mask = IN_Q_OVERFLOW;
      std::memcpy(into, &lost, sizeof lost);
      got = sizeof lost;
    }
    if (got && std::exchange(breaks_off, false)) got = *got - 1;
    for (std::size_t at = 0; got && at + sizeof(inotify_event) <= *got;) {
      inotify_event event{};
      std::memcpy(&event, into + at, sizeof event);
      if ((event.mask & IN_Q_OVERFLOW) != 0) ++overflows_seen;
      at += sizeof event + event.len;
    }
    return got;
  }
  Sys<UniqueFd> inotify_init1(int flags) override {
    if (error_of_init != 0) return std::unexpected(Errno{error_of_init});
    auto fd = PassingKernel::inotify_init1(flags);
    if (fd) inotify_ = fd->get();
    return fd;
  }
  Sys<int> inotify_add_watch(int fd, const char* path, std::uint32_t mask) override {
    const auto error = errors_of_add.find(path);
    if (error != errors_of_add.end()) return std::unexpected(Errno{error->second});
    auto watch = PassingKernel::inotify_add_watch(fd, path, mask);
    if (watch) watches = std::max(watches, *watch);
    return watch;
  }
  Sys<std::size_t> poll(std::span<pollfd> fds, Clock::time_point deadline) override {
    if (error_of_poll != 0) return std::unexpected(Errno{error_of_poll});
    return PassingKernel::poll(fds, deadline);
  }

 private:
  int inotify_ = -1;
};

class WatchTest : public testing::Test {
 protected:
  TempDir temp_{"/dev/shm"};
  const std::string root_ = temp_ / "root";
  NotingKernel kernel_;
  const Store store_ = open(kernel_);
  const ContainerId web_ = id_of("web");

  [[nodiscard]] Store open(Kernel& kernel) const {
    return Store(std::make_shared<const LocalBackend>(kernel, root_, LocalOptions()));
  }
  void put(const std::string& name, std::string_view text) const {
    fs::create_directories(root_);
    write_text(root_ + "/" + name, text);
  }
  [[nodiscard]] static Watch listed(const Store& store) {
    auto watch = store.watch().value();
    EXPECT_EQ(told_until(watch, "listed").back(), "listed");
    return watch;
  }
};

TEST_F(WatchTest, LooksAtEverythingOnceNotesAreLost) {
  put("a.state", one);
  put("b.state", one);
  put("c.state", one);
  auto watch = listed(store_);
  put("a.state", two);
  fs::remove(root_ + "/b.state");
  put("d.state", two);
  kernel_.overflows = true;
  EXPECT_THAT(told(watch), ElementsAre("changed a " + two, "deleted b", "created d " + two));
  EXPECT_THAT(told(watch, Wait::never()), IsEmpty());
  put("c.state", two);
  EXPECT_THAT(told(watch), ElementsAre("changed c " + two)) << "and goes on";
}

TEST_F(WatchTest, OfSomeLooksAtTheseOnceNotesAreLost) {
  put("a.state", one);
  auto watch = store_.watch({id_of("a"), id_of("b")}).value();
  EXPECT_THAT(told(watch), ElementsAre("present a " + one, "listed"));
  put("a.state", two);
  put("b.state", two);
  put("c.state", two);
  kernel_.overflows = true;
  EXPECT_THAT(told(watch), ElementsAre("changed a " + two, "created b " + two));
}

TEST_F(WatchTest, TakesHalfOfARecordForALostOne) {
  auto watch = listed(store_);
  put("a.state", one);
  kernel_.breaks_off = true;
  EXPECT_THAT(told(watch), ElementsAre("created a " + one));
}

TEST_F(WatchTest, KeepsUpWithTenThousandContainersThroughAQueueThatIsTooShort) {
  std::ifstream limit_file("/proc/sys/fs/inotify/max_queued_events");
  int limit = 0;
  limit_file >> limit;
  constexpr int count = 10'000;
  if (limit == 0 || limit > 3 * count) GTEST_SKIP() << "the queue holds " << limit;
  const auto put_all = [&](std::string_view text) {
    for (int i = 0; i < count; ++i)
      put("c" + std::to_string(i) + ".state", text);
  };
  put_all(one);
  auto watch = store_.watch().value();
  Followed followed;
  ASSERT_EQ(followed.take_all(watch), "");
  EXPECT_EQ(followed.view(), view_of(store_));

  put_all(two);
  for (int i = 0; i < count; i += 3)
    fs::remove(root_ + "/c" + std::to_string(i) + ".state");
  put("last.state", two);
  ASSERT_EQ(followed.take_all(watch), "");
  EXPECT_EQ(followed.view(), view_of(store_));
  EXPECT_EQ(followed.fault(), "");
  EXPECT_GT(kernel_.overflows_seen, 0);
}

TEST_F(WatchTest, OfWriterInPlaceTellsWhatItLeaves) {
  put("web.state", one);
  auto watch = listed(store_);
  const int fd = ::open((root_ + "/web.state").c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_EQ(ftruncate(fd, 0), 0);
  EXPECT_THAT(told(watch), ElementsAre("changed web corrupt"));
  ASSERT_EQ(pwrite(fd, two.data(), two.size(), 0), static_cast<ssize_t>(two.size()));
  EXPECT_THAT(told(watch), ElementsAre("changed web " + two)) << "before it is closed";
  close(fd);
  EXPECT_THAT(told(watch, Wait::never()), IsEmpty());
}

TEST_F(WatchTest, AsksAgainForWhatAStoppedWriterHolds) {
  put("web.state", one);
  put("web.lock", "");
  auto watch = listed(store_);
  int fd = ::open((root_ + "/web.lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(fd, LOCK_EX), 0);
  put("web.state", "");
  EXPECT_THAT(told(watch), ElementsAre("changed web timed_out"));
  // The lock goes without a note.
  flock(fd, LOCK_UN);
  EXPECT_THAT(told(watch), ElementsAre("changed web corrupt"));
  close(fd);
}

TEST_F(WatchTest, PassesOverWhatIsNoState) {
  fs::create_directories(root_);
  auto watch = listed(store_);
  for (const auto* name : {"web.lock", "web.state.tmp", "web.corrupt-20260101T000000Z", "x:y.state",
                           ".state", "README"}) {
    put(name, one);
  }
  EXPECT_THAT(told(watch, Wait::at_most(std::chrono::milliseconds(1))), IsEmpty());
}

TEST_F(WatchTest, OfAStateThatIsMovedAsideTellsThatItIsGone) {
  put("web.state", "{");
  auto watch = listed(store_);
  ASSERT_TRUE(store_.check({.repair = true}));
  EXPECT_THAT(told(watch), ElementsAre("deleted web"));
}

TEST_F(WatchTest, IsNotEndedByNoiseThatNeverEnds) {
  fs::create_directories(root_);
  FaultKernel kernel(real_kernel());
  const auto store = open(kernel);
  auto watch = listed(store);
  int noise = 0;
  kernel.before_each([&](const FaultKernel::Record& call) {
    if (call.call == Call::read) put("noise" + std::to_string(noise++), "");
  });
  kernel.arm();
  EXPECT_THAT(told(watch, Wait::never()), IsEmpty());
  EXPECT_THAT(told(watch, Wait::at_most(std::chrono::milliseconds(5))), IsEmpty());
  kernel.before_each({});
}

TEST_F(WatchTest, OfEachLimitSaysWhichToRaise) {
  kernel_.errors_of_add["/"] = ENOSPC;
  const auto without_watches = store_.watch().error();
  EXPECT_EQ(without_watches.code, Errc::unavailable);
  EXPECT_THAT(without_watches.message(), HasSubstr("watch /: "));
  EXPECT_THAT(without_watches.message(), HasSubstr("fs.inotify.max_user_watches"));

  kernel_.error_of_init = EMFILE;
  const auto without_instances = store_.watch().error();
  EXPECT_EQ(without_instances.code, Errc::unavailable);
  EXPECT_THAT(without_instances.message(), HasSubstr("fs.inotify.max_user_instances"));

  kernel_.error_of_init = ENOSYS;
  EXPECT_EQ(store_.watch().error().code, Errc::unsupported);
  kernel_.error_of_init = ENOMEM;
  EXPECT_EQ(store_.watch().error().code, Errc::io);
}

TEST_F(WatchTest, WithoutDescriptorsSaysSo) {
  FaultKernel kernel(real_kernel());
  const auto store = open(kernel);
  kernel.arm(FaultKernel::Fault{.nth = 1, .error = EMFILE});
  EXPECT_EQ(store.watch().error().code, Errc::unavailable) << "there is one more to be had";
  int calls = 0;
  kernel.before_each([&](const FaultKernel::Record& call) {
    // All that is opened from the first on fails.
    calls += call.call == Call::close ? 0 : 1;
    if (calls == 2) kernel.arm(FaultKernel::Fault{.nth = 1, .error = EMFILE});
  });
  kernel.arm(FaultKernel::Fault{.nth = 1, .error = EMFILE});
  const auto error = store.watch().error();
  EXPECT_EQ(error.code, Errc::io);
  EXPECT_EQ(error.sys_errno, EMFILE);
}

TEST_F(WatchTest, GoesOnAfterAnError) {
  put("a.state", one);
  auto watch = listed(store_);
  for (int* const error : {&kernel_.error_of_read, &kernel_.error_of_poll}) {
    *error = EIO;
    const auto failed = watch.next(Wait::at_most(patience));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().sys_errno, EIO);
    *error = 0;
  }
  put("a.state", two);
  EXPECT_THAT(told(watch), ElementsAre("changed a " + two));
}

TEST_F(WatchTest, LosesNothingByAnErrorWhileItLooks) {
  put("a.state", one);
  auto watch = listed(store_);
  put("a.state", two);
  kernel_.overflows = true;
  kernel_.errors_of_add[root_] = ENOSPC;
  EXPECT_EQ(watch.next(Wait::never()).error().code, Errc::unavailable);
  EXPECT_EQ(watch.next(Wait::never()).error().code, Errc::unavailable);
  kernel_.errors_of_add.clear();
  EXPECT_THAT(told(watch), ElementsAre("changed a " + two));
}

TEST_F(WatchTest, AsksAgainForADocumentThatItHadNoDescriptorFor) {
  fs::create_directories(root_);
  bool armed = false;
  FaultKernel kernel(real_kernel());
  const auto store = open(kernel);
  auto watch = listed(store);
  put("a.state", one);
  kernel.before_each([&](const FaultKernel::Record& call) {
    if (!armed && call.call == Call::openat && call.name == "a.state") {
      armed = true;
      kernel.arm(FaultKernel::Fault{.nth = 1, .error = EMFILE});
    }
  });
  EXPECT_THAT(told(watch), ElementsAre("created a io"));
  EXPECT_THAT(told(watch, Wait::never()), ElementsAre("changed a " + one));
}

TEST_F(WatchTest, GoesOnThroughSignals) {
  put("a.state", one);
  FaultKernel kernel(real_kernel());
  const auto store = open(kernel);
  kernel.arm();
  kernel.interrupt_first_attempts();
  auto watch = listed(store);
  EXPECT_THAT(told(watch, Wait::at_most(std::chrono::milliseconds(1))), IsEmpty());
  EXPECT_TRUE(kernel.hit()) << "nothing was interrupted";
  put("a.state", two);
  EXPECT_THAT(told(watch), ElementsAre("changed a " + two));
}

// Whatever happens between any two of its system calls, what it tells comes to what is there.
class WatchAtEveryCall : public WatchTest {
 protected:
  using Step = std::function<void()>;

  void put_two() const {
    put("a.state", one);
    put("b.state", one);
  }
  /// A directory that the root may be a link to.
  void make_target(const std::string& name) const {
    fs::create_directories(temp_.path() / name / "target");
    write_text(temp_.path() / name / "target" / (name + ".state"), one);
  }

  /// Does `change` before each call in turn of a watch that begins, or that has to begin anew, and
  /// the steps of `later` after that.
  void expect_no_gap(const Step& set_up, const Step& change, const std::vector<Step>& later,
                     bool already_listed) {
    std::size_t at = 1;
    for (bool reached = true; reached; ++at) {
      for (const auto& name : names_in(temp_.path()))
        fs::remove_all(temp_ / name);
      set_up();
      FaultKernel kernel(real_kernel());
      const auto store = open(kernel);
      std::optional<Watch> watch;
      Followed followed;
      if (already_listed) {
        watch = store.watch().value();
        ASSERT_EQ(followed.take_all(*watch), "");
        fs::rename(root_, temp_ / "moved");
        fs::rename(temp_ / "moved", root_);
      }
      std::size_t calls = 0;
      reached = false;
      kernel.before_each([&](const FaultKernel::Record& call) {
        if (call.call == Call::close || ++calls != at) return;
        reached = true;
        change();
      });
      if (!watch) watch = store.watch().value();
      ASSERT_EQ(followed.take_all(*watch), "");
      kernel.before_each({});
      const auto expect_all_told = [&] {
        ASSERT_EQ(followed.take_all(*watch), "");
        EXPECT_EQ(followed.view(), view_of(store)) << "at call " << at;
        EXPECT_EQ(followed.fault(), "") << "at call " << at;
      };
      expect_all_told();
      for (const auto& step : later) {
        step();
        expect_all_told();
      }
    }
    EXPECT_GT(at, 20U) << "so few calls";
  }
  void expect_no_gap(const Step& set_up, const Step& change, const std::vector<Step>& later) {
    expect_no_gap(set_up, change, later, false);
    expect_no_gap(set_up, change, later, true);
  }
  void expect_no_gap(const Step& change) {
    expect_no_gap([&] { put_two(); }, change, {});
  }
};

TEST_F(WatchAtEveryCall, NoChangeIsMissed) {
  expect_no_gap([&] {
    put("a.state.tmp", two);
    fs::rename(root_ + "/a.state.tmp", root_ + "/a.state");
    fs::remove(root_ + "/b.state");
    put("c.state", two);
  });
}

TEST_F(WatchAtEveryCall, NoOtherRootInThePlaceOfTheFirstIsMissed) {
  expect_no_gap([&] {
    fs::rename(root_, temp_ / "other");
    put("a.state", two);
    put("c.state", one);
  });
}

TEST_F(WatchAtEveryCall, NoEndOfTheRootIsMissed) {
  expect_no_gap([&] { fs::remove_all(root_); });
}

TEST_F(WatchAtEveryCall, NoRootThatIsMadeAgainIsMissed) {
  expect_no_gap([&] {
    fs::remove_all(root_);
    put("b.state", two);
  });
}

TEST_F(WatchAtEveryCall, NoLinkThatLeadsElsewhereIsMissed) {
  const auto set_up = [&] {
    make_target("first");
    make_target("second");
    fs::create_directory_symlink("first/target", root_);
  };
  const auto change = [&] {
    fs::create_directory_symlink("second/target", temp_ / "new");
    fs::rename(temp_ / "new", root_);
  };
  // What it leads to now is followed from then on.
  expect_no_gap(set_up, change,
                {[&] { fs::remove_all(temp_ / "second/target"); }, [&] { make_target("second"); }});
}

}  // namespace
}  // namespace latchfile::test
