// SPDX-License-Identifier: Apache-2.0
//
// A repair with every one of its system calls failing, once and from then on, with every error that
// the call can have there: it ends, loses nothing, keeps no lock and no descriptor, says of nothing
// that it was done if it was not, and the next repair finishes it.
#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "fault/errnos.hpp"
#include "latchfile/check.hpp"
#include "local/local_backend.hpp"
#include "local/names.hpp"
#include "support/passing_kernel.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* whole = R"({"n":1})";
constexpr const char* torn = R"({"n":)";

/// Shows no lock of anybody: how often /proc/locks has to be read depends on other processes.
class QuietKernel final : public PassingKernel {
 public:
  Sys<UniqueFd> openat(int dir, const char* path, int flags, mode_t mode) override {
    const bool locks = std::string_view(path) == "/proc/locks";
    return PassingKernel::openat(dir, locks ? "/dev/null" : path, flags, mode);
  }
};

/// A root with one of each that a repair has to do with.
class BrokenRoot {
 public:
  BrokenRoot() {
    write_text(path("web.state"), whole);
    write_text(path("web.lock"), "");
    write_text(path("web.state.tmp"), torn);
    write_text(path("torn.state"), torn);
    write_text(path("dead.lock"), "");
  }

  [[nodiscard]] Result<CheckReport> repair(Kernel& kernel) const {
    const LocalBackend backend(kernel, dir_.path().string(), {});
    return backend.check({.repair = true, .wait = Wait::never()});
  }

  [[nodiscard]] bool has(const std::string& name) const { return fs::exists(path(name)); }

  /// What stood in torn.state, under whatever name it is.
  [[nodiscard]] std::vector<std::string> torn_texts() const {
    std::vector<std::string> texts;
    for (const auto& name : names_in(dir_.path())) {
      if (name == "torn.state" || names::parse_quarantine(name)) {
        texts.push_back(read_text(path(name)));
      }
    }
    return texts;
  }

  void expect_nothing_is_lost() const {
    EXPECT_EQ(read_text(path("web.state")), whole);
    // Where not even taking a step back went well it has two names.
    const auto texts = torn_texts();
    EXPECT_FALSE(texts.empty());
    EXPECT_EQ(texts, std::vector<std::string>(texts.size(), torn));
  }

  void expect_nothing_is_locked() const {
    for (const auto& name : names_in(dir_.path())) {
      if (!name.ends_with(".lock")) continue;
      const int fd = open(path(name).c_str(), O_RDONLY | O_CLOEXEC);
      EXPECT_EQ(flock(fd, LOCK_EX | LOCK_NB), 0) << name << " is still locked";
      close(fd);
    }
  }

  /// Whatever the report says was done is done. A call that finds nothing is another process's
  /// work, for all that the repair can know.
  void expect_true(const CheckReport& report) const {
    for (const auto& finding : report.findings) {
      if (!finding.repair || !*finding.repair) continue;
      const auto& done = **finding.repair;
      const bool claimed = done == "removed" || done.starts_with("moved to ");
      EXPECT_TRUE(claimed || done.starts_with("nothing is left to do")) << done;
      EXPECT_FALSE(claimed && has(finding.name)) << finding.name << " is still there: " << done;
    }
  }

  void expect_repaired() const {
    expect_nothing_is_lost();
    for (const auto* name : {"web.state.tmp", "torn.state", "torn.lock", "dead.lock"})
      EXPECT_FALSE(has(name)) << name;
  }

 private:
  [[nodiscard]] fs::path path(const std::string& name) const { return dir_ / name; }

  TempDir dir_{"/dev/shm"};
};

void repair_with(const FaultKernel::Fault& fault) {
  const auto descriptors = open_descriptors();
  const BrokenRoot root;
  QuietKernel quiet;
  FaultKernel kernel(quiet);
  kernel.arm(fault);
  const auto report = root.repair(kernel);
  EXPECT_TRUE(kernel.hit()) << "not the same calls each time";
  kernel.disarm();
  if (report) {
    root.expect_true(*report);
  } else {
    EXPECT_EQ(report.error().message().find('\n'), std::string::npos);
  }
  root.expect_nothing_is_lost();
  root.expect_nothing_is_locked();

  const auto again = root.repair(kernel);
  EXPECT_TRUE(again) << again.error().message();
  for (const auto& finding : again ? again->findings : std::vector<Finding>())
    EXPECT_FALSE(finding.is_open()) << finding.detail;
  root.expect_repaired();
  EXPECT_EQ(open_descriptors(), descriptors) << "a descriptor leaked";
}

TEST(RepairFault, EveryCallMayFail) {
  const BrokenRoot root;
  QuietKernel quiet;
  FaultKernel kernel(quiet);
  kernel.arm();
  ASSERT_TRUE(root.repair(kernel));
  const auto calls = kernel.calls();
  root.expect_repaired();

  std::size_t faults = 0;
  for_each_fault(calls, [&](const FaultKernel::Record&, const FaultKernel::Fault& fault) {
    repair_with(fault);
    ++faults;
  });
  EXPECT_GE(faults, 500U);
}

}  // namespace
}  // namespace latchfile::test
