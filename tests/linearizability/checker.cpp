// SPDX-License-Identifier: Apache-2.0
#include "linearizability/checker.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <set>
#include <stdexcept>

namespace latchfile::test {
namespace {

/// Operations that are open, one bit for each.
using Set = std::uint64_t;

constexpr Set only(int slot) { return Set{1} << slot; }

/// What may be the case at one moment.
struct Configuration {
  State state;
  Set done;  ///< which of the open operations have taken effect
  auto operator<=>(const Configuration&) const = default;
};

std::string name_of(State state) {
  if (state == absent) return "absent";
  return state == any_document ? "any document" : "document " + std::to_string(state);
}

std::string describe(const Operation& operation) {
  auto text = "process " + std::to_string(operation.process) + " from " +
              std::to_string(operation.begin) +
              (operation.end == never ? " on" : " to " + std::to_string(operation.end)) + ": " +
              name_of(operation.before);
  if (operation.changes()) text += " -> " + name_of(operation.after);
  if (!operation.certain) text += " (killed)";
  return text;
}

class Sweep {
 public:
  void begin(const Operation& operation) {
    const int slot = std::countr_one(used_);
    if (slot == max_open) throw std::length_error("too many operations are open at once");
    open_[static_cast<std::size_t>(slot)] = &operation;
    used_ |= only(slot);
    if (operation.changes()) changes_ |= only(slot);
    for (auto& now : possible_)
      observe(now);
  }

  /// Whether all that has returned can be explained.
  bool end(const Operation& operation) {
    const int slot = slot_of(operation);
    auto explained = reach(slot);
    if (!operation.certain) {
      std::ranges::copy_if(possible_, std::back_inserter(explained),
                           [&](const auto& now) { return (now.done & only(slot)) == 0; });
    }
    if (explained.empty()) return false;
    std::ranges::sort(explained);
    explained.erase(std::ranges::unique(explained).begin(), explained.end());
    possible_ = std::move(explained);
    used_ &= ~only(slot);
    changes_ &= ~only(slot);
    return true;
  }

  [[nodiscard]] std::string explain(const Operation& operation) const {
    auto text = "cannot be explained: " + describe(operation) + "\npossible before it:";
    for (const auto& now : possible_)
      text += " [" + name_of(now.state) + "]";
    text += "\nopen beside it:";
    for_each(used_ & ~only(slot_of(operation)),
             [&](int slot) { text += "\n  " + describe(at(slot)); });
    return text;
  }

 private:
  template <class Visit>
  static void for_each(Set set, Visit visit) {
    for (; set != 0; set &= set - 1)
      visit(std::countr_zero(set));
  }

  [[nodiscard]] const Operation& at(int slot) const {
    return *open_[static_cast<std::size_t>(slot)];
  }

  [[nodiscard]] int slot_of(const Operation& operation) const {
    int found = -1;
    for_each(used_, [&](int slot) {
      if (&at(slot) == &operation) found = slot;
    });
    return found;
  }

  /// Lets every open operation that changes nothing take effect if it can. It never hurts to do so
  /// as soon as it is possible, so that only the order of changes has to be searched.
  void observe(Configuration& now) const {
    for_each(used_ & ~changes_ & ~now.done, [&](int slot) {
      if (at(slot).possible_in(now.state)) now.done |= only(slot);
    });
  }

  /// All that can be the case when the operation in `slot` has just taken effect, or had before;
  /// that operation is no longer among those done.
  [[nodiscard]] std::vector<Configuration> reach(int slot) const {
    std::vector<Configuration> reached;
    std::vector<Configuration> ahead = possible_;
    std::set<Configuration> seen;
    while (!ahead.empty()) {
      const auto now = ahead.back();
      ahead.pop_back();
      if ((now.done & only(slot)) != 0) {
        reached.push_back({now.state, now.done & ~only(slot)});
        continue;
      }
      if (!seen.insert(now).second) continue;
      for_each(changes_ & ~now.done, [&](int change) {
        if (!at(change).possible_in(now.state)) return;
        Configuration next{at(change).after, now.done | only(change)};
        observe(next);
        ahead.push_back(next);
      });
    }
    return reached;
  }

  std::array<const Operation*, max_open> open_{};
  Set used_ = 0;
  Set changes_ = 0;  ///< those of them that change the state
  std::vector<Configuration> possible_{{absent, 0}};
};

struct Event {
  Time time;
  bool is_end;  ///< last in order: operations that touch in time are taken to overlap
  const Operation* operation;
};

std::vector<Event> events_of(const History& history) {
  std::vector<Event> events;
  events.reserve(2 * history.size());
  for (const auto& operation : history) {
    // What may not have happened and changes nothing says nothing.
    if (!operation.certain && !operation.changes()) continue;
    events.push_back({operation.begin, false, &operation});
    if (operation.end != never) events.push_back({operation.end, true, &operation});
  }
  std::ranges::sort(events, [](const Event& a, const Event& b) {
    return a.time != b.time ? a.time < b.time : a.is_end < b.is_end;
  });
  return events;
}

}  // namespace

std::optional<std::string> find_violation(const History& history) {
  Sweep sweep;
  for (const auto& event : events_of(history)) {
    if (!event.is_end) {
      sweep.begin(*event.operation);
    } else if (!sweep.end(*event.operation)) {
      return sweep.explain(*event.operation);
    }
  }
  return std::nullopt;
}

}  // namespace latchfile::test
