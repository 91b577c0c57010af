// SPDX-License-Identifier: Apache-2.0
//
// What a Watch told, as text that tests compare.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "latchfile/store.hpp"
#include "latchfile/watch.hpp"

namespace latchfile::test {

/// What is told before this is up is awaited.
inline constexpr auto patience = std::chrono::seconds(20);

/// The document of an event, or the name of its error.
[[nodiscard]] inline std::string content_of(const Result<Snapshot>& state) {
  return state ? state->document.bytes() : std::string(to_string(state.error().code));
}

/// `created web {"n":1}`, `deleted web`, `listed`.
[[nodiscard]] inline std::string text_of(const Event& event) {
  std::string text(to_string(event.kind));
  if (event.id) text.append(" ").append(event.id->text());
  if (event.state) text.append(" ").append(content_of(*event.state));
  return text;
}

/// What is told next, at least one event unless there is none in time.
[[nodiscard]] inline std::vector<std::string> told(Watch& watch,
                                                   Wait wait = Wait::at_most(patience)) {
  const auto events = watch.next(wait);
  if (!events) return {events.error().message()};
  std::vector<std::string> texts;
  for (const auto& event : *events)
    texts.push_back(text_of(event));
  return texts;
}

/// Everything up to `last`.
[[nodiscard]] inline std::vector<std::string> told_until(Watch& watch, const std::string& last) {
  std::vector<std::string> all;
  while (all.empty() || all.back() != last) {
    auto more = told(watch);
    if (more.empty()) return all;
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

using View = std::map<std::string, std::string>;  ///< id to content

/// The store as it looks to whoever believes the events of a watch.
class Followed {
 public:
  [[nodiscard]] const View& view() const { return view_; }
  [[nodiscard]] bool is_listed() const { return listed_; }
  /// Why an event is not as it must be: that of a container that is not there, or a second time the
  /// same. Empty if all were.
  [[nodiscard]] const std::string& fault() const { return fault_; }

  void take(const Event& event) {
    using Kind = Event::Kind;
    if (event.kind == Kind::listed) {
      if (listed_) fault_ = "listed twice";
      listed_ = true;
      return;
    }
    const std::string id(event.id->text());
    const bool is_new = event.kind == Kind::present || event.kind == Kind::created;
    if (is_new == view_.contains(id)) fault_ = text_of(event);
    if (is_new && listed_ == (event.kind == Kind::present)) fault_ = text_of(event);
    if (event.kind == Kind::deleted) {
      view_.erase(id);
      return;
    }
    if (view_.contains(id) && view_[id] == content_of(*event.state)) fault_ = text_of(event);
    view_[id] = content_of(*event.state);
  }

  /// Takes all there is now. The error that the watch ended with, or nothing.
  std::string take_all(Watch& watch) {
    for (;;) {
      const auto events = watch.next(Wait::never());
      if (!events) return events.error().message();
      if (events->empty()) return {};
      for (const auto& event : *events)
        take(event);
    }
  }

 private:
  View view_;
  bool listed_ = false;
  std::string fault_;
};

/// The store as it is.
[[nodiscard]] inline View view_of(const Store& store) {
  View view;
  const auto entries = store.load_all().value();
  for (const auto& entry : entries)
    view[std::string(entry.id.text())] = content_of(entry.state);
  return view;
}

}  // namespace latchfile::test
