// SPDX-License-Identifier: Apache-2.0
#include "local/load.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "support/fault_kernel.hpp"
#include "support/temp_dir.hpp"
#include "unit/open_directory.hpp"
#include "unit/strange_files.hpp"

namespace latchfile::test {
namespace {

using Call = FaultKernel::Call;
constexpr auto short_wait = Wait::at_most(std::chrono::milliseconds(1));

/// The lock as gVisor's writer holds it while it truncates and rewrites the state.
class Writer {
 public:
  explicit Writer(const TempDir& temp)
      : fd_(open((temp / "web.lock").c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600)) {
    EXPECT_EQ(flock(fd_, LOCK_EX | LOCK_NB), 0);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { close(fd_); }
  void release() const { flock(fd_, LOCK_UN); }

 private:
  int fd_;
};

class LoadTest : public testing::Test {
 protected:
  void write(std::string_view text) const { write_text(temp_ / "web.state", text); }
  Result<Document> load(Wait settle = Wait::never()) const {
    return load_document(dir_, id_, settle);
  }

  TempDir temp_;
  mutable FaultKernel kernel_{real_kernel()};
  Directory dir_ = open_directory(temp_.path(), kernel_);
  ContainerId id_ = ContainerId::parse("web").value();
};

TEST_F(LoadTest, GivesTheBytesAsTheyAre) {
  write(" {\"n\" : 1e400}\n");
  EXPECT_EQ(load()->bytes(), " {\"n\" : 1e400}\n");
}

TEST_F(LoadTest, TakesNoLockAndLeavesNothing) {
  write("{}");
  ASSERT_TRUE(load());
  for (const auto& call : kernel_.calls())
    EXPECT_NE(call.call, Call::flock);
  EXPECT_EQ(names_in(temp_.path()), std::vector<std::string>{"web.state"});
}

TEST_F(LoadTest, DoesNotWaitForALockIfTheDocumentIsWhole) {
  write("{}");
  const Writer writer(temp_);
  EXPECT_TRUE(load(Wait::forever()));
}

TEST_F(LoadTest, AbsentIsNotFoundAndLeavesNothing) {
  EXPECT_EQ(load().error().code, Errc::not_found);
  EXPECT_TRUE(names_in(temp_.path()).empty());
}

TEST_F(LoadTest, WhatIsNoDocumentIsCorruptAndLeftAsFound) {
  for (const auto& text : {std::string(), std::string("{"), std::string("[]"),
                           std::string(4096, '\0'), std::string("{}{}"), std::string("\xff")}) {
    write(text);
    const auto loaded = load();
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, Errc::corrupt);
    EXPECT_EQ(read_text(temp_ / "web.state"), text);
  }
  EXPECT_EQ(names_in(temp_.path()), std::vector<std::string>{"web.state"});
}

TEST_F(LoadTest, WhatIsCorruptIsStillCorruptUnderTheSharedLock) {
  write("");
  {
    const Writer leaves_a_lock_file(temp_);
  }
  EXPECT_EQ(load().error().code, Errc::corrupt);
}

TEST_F(LoadTest, AWriterWhoKeepsTheLockIsReported) {
  write("");
  const Writer writer(temp_);
  EXPECT_EQ(load(Wait::never()).error().code, Errc::locked);
  const auto loaded = load(short_wait);
  EXPECT_EQ(loaded.error().code, Errc::timed_out);
  EXPECT_NE(loaded.error().message().find("pid " + std::to_string(getpid())), std::string::npos)
      << loaded.error().message();
}

TEST_F(LoadTest, TornTextIsReadAgainUnderTheSharedLock) {
  write("");
  const Writer writer(temp_);
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (call.call != Call::flock || call.flags == LOCK_UN) return;
    write("{\"n\":1}");
    writer.release();
  });
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->bytes(), "{\"n\":1}");
}

TEST_F(LoadTest, WhatChangesWhileItIsReadIsNotTakenForADocument) {
  write("{}");
  std::string text = "{}";
  kernel_.before_each([&](const FaultKernel::Record& call) {
    if (call.call != Call::read) return;
    text += ' ';
    write(text);
  });
  const auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::corrupt);
  EXPECT_NE(loaded.error().message().find("changes while it is read"), std::string::npos);
}

TEST_F(LoadTest, TheSharedLockIsReleased) {
  write("");
  {
    const Writer leaves_a_lock_file(temp_);
  }
  EXPECT_FALSE(load());
  const Writer can_have_it(temp_);
}

TEST_F(LoadTest, TheLimitOfADocumentIsTheLimitOfAFile) {
  auto text = "{\"a\":\"" + std::string(Document::max_bytes - 8, 'x') + "\"}";
  ASSERT_EQ(text.size(), Document::max_bytes);
  write(text);
  EXPECT_TRUE(load());
  write(text + "\n");
  EXPECT_EQ(load().error().code, Errc::too_large);
}

class LoadStrangeFile : public testing::TestWithParam<StrangeFile> {};

TEST_P(LoadStrangeFile, IsInsecure) {
  const TempDir temp;
  GetParam().make(temp / "web.state");
  const auto dir = open_directory(temp.path());
  const auto loaded = load_document(dir, ContainerId::parse("web").value(), Wait::forever());
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Errc::insecure);
  EXPECT_EQ(names_in(temp.path()), std::vector<std::string>{"web.state"});
}

INSTANTIATE_TEST_SUITE_P(Load, LoadStrangeFile, testing::ValuesIn(strange_files()),
                         [](const auto& file) { return std::string(file.param.name); });

}  // namespace
}  // namespace latchfile::test
