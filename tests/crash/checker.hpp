// SPDX-License-Identifier: Apache-2.0
//
// Checker: does operations and judges what a power cut at each of their calls would leave.
//
// Permitted is, of each id:
//
//   I2 I4  what processes could see at some moment since the last promise, and nothing else
//   I3     once the library promised a state: that one, until processes can see a later one
//   I7     no name in the root but those of states, locks and temp files
//
// and on every disk the store must work again (crash/recovery.hpp). Where the power can be cut from
// the start, because something is pending, everything that may be left then is permitted at first.
//
// Nothing is sampled. Each disk is examined once however often it is met.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crash/crash_kernel.hpp"
#include "crash/operations.hpp"
#include "crash/recovery.hpp"

namespace latchfile::test {

class Checker {
 public:
  using MakeKernel = std::function<std::unique_ptr<CrashKernel>(Disk)>;

  /// With the CrashKernel as it is, or with one that breaks a rule.
  explicit Checker(Setting setting);
  Checker(Setting setting, MakeKernel make_kernel);

  struct Trial {
    Result<> result;
    std::vector<Disk> moments;  ///< each at which the power was cut, with what was pending
    std::size_t syncs = 0;      ///< calls of fsync and fdatasync
    std::set<Sighting> left;    ///< what a power cut after the last call may leave of the id

    /// When it was done.
    [[nodiscard]] const Disk& end() const { return moments.back(); }
  };

  /// Does the operation to one id, cutting the power before each call and after the last one. It
  /// must succeed, unless its `failing_sync`th sync fails.
  Trial run(const Disk& start, const Operation& operation, std::size_t which = 0,
            std::optional<std::size_t> failing_sync = std::nullopt);

  [[nodiscard]] bool fits(const Disk& start, const Operation& operation,
                          std::size_t which = 0) const;

  const Examination& examine(const Disk& disk);

  [[nodiscard]] const Setting& setting() const { return setting_; }
  /// Different disks, in the order in which they were met.
  [[nodiscard]] const std::vector<const Disk*>& disks() const { return disks_; }
  /// Disks that were judged, each as often as it was met.
  [[nodiscard]] std::size_t cuts() const { return cuts_; }
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }

 private:
  class Observer;

  /// Names that an operation on one id, which did not fail, should have removed. A temp file that
  /// was there before may stay where nothing was changed.
  [[nodiscard]] std::vector<std::string> leftovers(const Disk& start, const Disk& end,
                                                   const Operation& operation,
                                                   std::size_t operated) const;

  Setting setting_;
  MakeKernel make_kernel_;
  std::map<Disk, Examination> examined_;
  std::vector<const Disk*> disks_;
  std::size_t cuts_ = 0;
  std::vector<std::string> violations_;
};

/// Does all operations to the first id from `start` and from every disk that power cuts then leave,
/// and so on until there is no new one, or until the first violation.
void explore(Checker& checker, const Disk& start);

/// The violations, a few of them, for a message.
[[nodiscard]] std::string summary(const Checker& checker);

}  // namespace latchfile::test
