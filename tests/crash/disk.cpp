// SPDX-License-Identifier: Apache-2.0
#include "crash/disk.hpp"

#include <algorithm>

namespace latchfile::test {
namespace {

/// Makes every sequence of choices, one at each round. How many options a choice has, and whether
/// it is there at all, may depend on those before it.
class Choices {
 public:
  [[nodiscard]] std::size_t pick(std::size_t options) {
    if (at_ == choices_.size()) choices_.push_back({0, options});
    return choices_[at_++].picked;
  }
  template <class T>
  [[nodiscard]] const T& pick(const std::set<T>& options) {
    return *std::next(options.begin(), static_cast<std::ptrdiff_t>(pick(options.size())));
  }

  /// Begins the next round; false if there is none.
  [[nodiscard]] bool next() {
    at_ = 0;
    while (!choices_.empty()) {
      if (++choices_.back().picked < choices_.back().options) return true;
      choices_.pop_back();
    }
    return false;
  }

 private:
  struct Choice {
    std::size_t picked;
    std::size_t options;
  };
  std::vector<Choice> choices_;
  std::size_t at_ = 0;
};

/// One of the contents that a power cut may leave.
std::string landed_content(const Inode& file, Choices& choices) {
  std::set<std::size_t> sizes;
  for (const auto& content : file.contents)
    sizes.insert(content.size());
  const std::size_t size = choices.pick(sizes);

  std::string landed;
  while (landed.size() < size) {
    const std::size_t sector_size = std::min(Disk::sector_bytes, size - landed.size());
    std::set<std::string> sectors;
    for (const auto& content : file.contents) {
      auto sector = content.substr(std::min(landed.size(), content.size()), sector_size);
      sector.resize(sector_size);
      sectors.insert(std::move(sector));
    }
    landed += choices.pick(sectors);
  }
  return landed;
}

/// One power cut. Only what names lead to afterwards is there, so that nothing is chosen for files
/// that nobody can see.
class Landing {
 public:
  Landing(const Disk& before, Choices& choices) : before_(before), choices_(choices) {}

  [[nodiscard]] Disk disk() {
    land_names(Disk::root, Disk::root);
    after_.sync_all();
    return std::move(after_);
  }

 private:
  void land_names(ino_t from, ino_t to) {
    for (const auto& [text, name] : before_[from].names) {
      const std::set<ino_t> targets(name.targets.begin(), name.targets.end());
      const ino_t target = choices_.pick(targets);
      if (target != Disk::none) after_.point(to, text, land(target));
    }
  }

  ino_t land(ino_t from) {
    if (const auto found = landed_.find(from); found != landed_.end()) return found->second;
    const auto& old = before_[from];
    const ino_t to = after_.make(old.mode, old.uid, old.gid);
    landed_.emplace(from, to);
    if (old.is_directory()) {
      land_names(from, to);
    } else {
      after_.rewrite(to, landed_content(old, choices_));
    }
    return to;
  }

  const Disk& before_;
  Choices& choices_;
  Disk after_;
  std::map<ino_t, ino_t> landed_;
};

}  // namespace

Disk::Disk() { at(make(S_IFDIR | 0755)).links = 1; }

ino_t Disk::find(ino_t directory, std::string_view name) const {
  const auto& names = (*this)[directory].names;
  const auto found = names.find(name);
  return found == names.end() ? none : found->second.targets.back();
}

ino_t Disk::find(std::string_view path) const {
  ino_t inode = root;
  while (inode != none && !path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    inode = find(inode, path.substr(0, end));
    path.remove_prefix(end);
  }
  return inode;
}

std::set<std::string> Disk::names_in(ino_t directory) const {
  std::set<std::string> texts;
  for (const auto& [text, name] : (*this)[directory].names) {
    if (name.targets.back() != none) texts.insert(text);
  }
  return texts;
}

ino_t Disk::make(mode_t mode, uid_t uid, gid_t gid) {
  inodes_.push_back(Inode{.mode = mode, .uid = uid, .gid = gid});
  return inodes_.size();
}

void Disk::point(ino_t directory, const std::string& text, ino_t target) {
  auto& name = at(directory).names[text];
  if (name.targets.empty()) name.targets.push_back(none);
  if (const ino_t old = name.targets.back(); old != none) --at(old).links;
  if (target != none) ++at(target).links;
  name.targets.push_back(target);
  name.lost = false;
}

void Disk::rewrite(ino_t file, std::string content) {
  auto& inode = at(file);
  inode.contents.push_back(std::move(content));
  ++inode.writes;
}

void Disk::set_owner(ino_t inode, uid_t uid, gid_t gid) {
  at(inode).uid = uid;
  at(inode).gid = gid;
}

void Disk::sync(ino_t number) {
  auto& inode = at(number);
  if (!inode.lost) inode.contents = {inode.contents.back()};
  for (auto& [text, name] : inode.names) {
    if (!name.lost) name.targets = {name.targets.back()};
  }
  std::erase_if(inode.names,
                [](const auto& entry) { return entry.second.targets == std::vector{none}; });
}

void Disk::fail_sync(ino_t number) {
  auto& inode = at(number);
  inode.lost = inode.contents.size() > 1;
  for (auto& [text, name] : inode.names)
    name.lost = name.targets.size() > 1;
}

void Disk::sync_all() {
  for (ino_t inode = 1; inode <= inodes_.size(); ++inode)
    sync(inode);
}

void Disk::for_each_power_cut(const std::function<void(const Disk&)>& visit) const {
  Choices choices;
  do {
    visit(Landing(*this, choices).disk());
  } while (choices.next());
}

}  // namespace latchfile::test
