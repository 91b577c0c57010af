// SPDX-License-Identifier: Apache-2.0
#include "crash/checker.hpp"

#include <algorithm>
#include <sstream>

#include "local/local_backend.hpp"
#include "local/names.hpp"

namespace latchfile::test {

/// Watches one operation and knows what is permitted at each of its calls.
class Checker::Observer {
 public:
  Observer(Checker& checker, const CrashKernel& kernel, const Operation& operation)
      : checker_(checker),
        kernel_(kernel),
        operation_(operation),
        seen_(see(checker.setting_, kernel.disk())),
        permitted_(seen_.size()),
        outdated_(seen_.size()) {
    kernel.disk().for_each_power_cut([&](const Disk& disk) {
      const auto& found = checker_.examine(disk).found;
      for (std::size_t which = 0; which < found.size(); ++which)
        permitted_[which].insert(found[which]);
    });
  }

  void promise(std::size_t which, const Sighting& sighting) {
    if (operation_.durability != Durability::full) return;
    outdated_[which].merge(permitted_[which]);
    permitted_[which] = {sighting};
    is_judged_ = false;
  }

  /// Cuts the power and judges what may be left.
  void cut() {
    // Most calls change nothing, and then there is nothing new to find.
    if (is_judged_ && moments_.back() == kernel_.disk()) return;
    is_judged_ = true;
    moments_.push_back(kernel_.disk());
    look();
    for (auto& left : left_)
      left.clear();
    kernel_.disk().for_each_power_cut([&](const Disk& disk) {
      ++checker_.cuts_;
      const auto& examination = checker_.examine(disk);
      for (const auto& fault : examination.faults)
        report(fault);
      for (std::size_t which = 0; which < permitted_.size(); ++which)
        judge(which, examination.found[which]);
    });
  }

  [[nodiscard]] const std::vector<Disk>& moments() const { return moments_; }
  /// Of the last power cut.
  [[nodiscard]] const std::set<Sighting>& left(std::size_t which) const { return left_[which]; }

  void report(std::string_view what) {
    std::ostringstream text;
    text << operation_ << ", after " << kernel_.calls() << " calls: " << what;
    checker_.violations_.push_back(std::move(text).str());
  }

 private:
  /// Whatever processes can see a power cut may leave, unless it is torn. What was not synced may
  /// be torn by it.
  void look() {
    const auto now = see(checker_.setting_, kernel_.disk());
    for (std::size_t which = 0; which < now.size(); ++which) {
      if (now[which] == seen_[which]) continue;
      if (now[which].kind == Sighting::Kind::torn) report("I2: a torn document can be seen");
      if (now[which].kind != Sighting::Kind::torn) permitted_[which].insert(now[which]);
      if (operation_.durability != Durability::full) {
        permitted_[which].insert(Sighting{.kind = Sighting::Kind::torn});
      }
    }
    seen_ = now;
  }

  void judge(std::size_t which, const Sighting& found) {
    left_[which].insert(found);
    if (permitted_[which].contains(found)) return;
    std::ostringstream text;
    text << broken_invariant(which, found) << ": " << found << " is left of "
         << checker_.setting_.ids[which].text() << ", but permitted is";
    for (const auto& permitted : permitted_[which])
      text << ' ' << permitted << ';';
    report(text.str());
  }

  [[nodiscard]] std::string_view broken_invariant(std::size_t which, const Sighting& found) const {
    if (found.kind == Sighting::Kind::torn) return "I2";
    const bool was_lost = found.kind == Sighting::Kind::absent || outdated_[which].contains(found);
    return was_lost ? "I3" : "I4";
  }

  Checker& checker_;
  const CrashKernel& kernel_;
  const Operation& operation_;
  std::vector<Sighting> seen_;
  std::vector<std::set<Sighting>> permitted_;
  std::vector<std::set<Sighting>> outdated_;  ///< what was permitted before a promise
  std::vector<Disk> moments_;
  bool is_judged_ = false;  ///< the last moment, by what is permitted now
  std::vector<std::set<Sighting>> left_ = std::vector<std::set<Sighting>>(seen_.size());
};

Checker::Checker(Setting setting)
    : Checker(std::move(setting),
              [](Disk disk) { return std::make_unique<CrashKernel>(std::move(disk)); }) {}

Checker::Checker(Setting setting, MakeKernel make_kernel)
    : setting_(std::move(setting)), make_kernel_(std::move(make_kernel)) {}

Checker::Trial Checker::run(const Disk& start, const Operation& operation, std::size_t which,
                            std::optional<std::size_t> failing_sync) {
  const auto before = see(setting_, start);
  const bool first_is_there = before[which] == Sighting::of(setting_.documents[0]);
  const auto& fresh = setting_.documents[first_is_there ? 1 : 0];

  const auto kernel = make_kernel_(start);
  if (failing_sync) kernel->fail_sync(*failing_sync);
  Observer observer(*this, *kernel, operation);
  kernel->before_each([&] { observer.cut(); });
  Result<> result;
  {
    const Store store(std::make_shared<const LocalBackend>(
        *kernel, setting_.root, LocalOptions{.durability = operation.durability}));
    result = operation.act(
        {store, setting_, which, fresh, [&](std::size_t promised, const Sighting& sighting) {
           observer.promise(promised, sighting);
         }});
  }
  kernel->before_each({});
  observer.cut();
  if (!failing_sync) {
    if (!result) observer.report("failed: " + result.error().message());
    for (const auto& name : leftovers(start, kernel->disk(), operation, which))
      observer.report("I7: " + name + " was left");
  }
  return {std::move(result), observer.moments(), kernel->syncs(), observer.left(which)};
}

std::vector<std::string> Checker::leftovers(const Disk& start, const Disk& end,
                                            const Operation& operation,
                                            std::size_t operated) const {
  const auto before = see(setting_, start);
  const auto after = see(setting_, end);
  const auto old_names = names_in_root(setting_, start);
  const auto new_names = names_in_root(setting_, end);
  std::vector<std::string> left;
  for (std::size_t which = 0; which < setting_.ids.size(); ++which) {
    const auto& id = setting_.ids[which];
    const bool has_state = after[which].kind != Sighting::Kind::absent;
    const bool untouched =
        after[which] == before[which] && (has_state || which != operated || !operation.tidies);
    for (const auto& name : {names::state(id), names::lock(id), names::temp(id)}) {
      if (!new_names.contains(name)) continue;
      if (has_state && name != names::temp(id)) continue;
      if (untouched && old_names.contains(name)) continue;
      left.push_back(name);
    }
  }
  return left;
}

bool Checker::fits(const Disk& start, const Operation& operation, std::size_t which) const {
  return !operation.needs || see(setting_, start)[which].kind == *operation.needs;
}

const Examination& Checker::examine(const Disk& disk) {
  const auto [entry, is_new] = examined_.try_emplace(disk);
  if (is_new) {
    entry->second = test::examine(setting_, disk);
    disks_.push_back(&entry->first);
  }
  return entry->second;
}

void explore(Checker& checker, const Disk& start) {
  checker.examine(start);
  // Grows while it is walked.
  for (std::size_t met = 0; met < checker.disks().size(); ++met) {
    for (const auto& operation : operations()) {
      if (!checker.violations().empty()) return;
      const auto& disk = *checker.disks()[met];
      if (checker.fits(disk, operation)) checker.run(disk, operation);
    }
  }
}

std::string summary(const Checker& checker) {
  constexpr std::size_t most = 10;
  std::string text = std::to_string(checker.violations().size()) + " violations";
  for (std::size_t i = 0; i < std::min(most, checker.violations().size()); ++i)
    text += "\n  " + checker.violations()[i];
  return text;
}

}  // namespace latchfile::test
