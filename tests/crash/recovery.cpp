// SPDX-License-Identifier: Apache-2.0
#include "crash/recovery.hpp"

#include <algorithm>
#include <fcntl.h>
#include <ostream>

#include "crash/crash_kernel.hpp"
#include "latchfile/local.hpp"
#include "local/local_backend.hpp"
#include "local/names.hpp"

namespace latchfile::test {
namespace {

bool is_ours(std::string_view name) {
  const auto suffixes = {names::state_suffix, names::lock_suffix, names::temp_suffix};
  return std::ranges::any_of(
      suffixes, [&](std::string_view suffix) { return names::parse(name, suffix).has_value(); });
}

class Recovery {
 public:
  Recovery(const Setting& setting, const Disk& disk)
      : setting_(setting),
        kernel_(disk),
        store_(std::make_shared<const LocalBackend>(kernel_, setting.root, LocalOptions())) {}

  Examination examine() {
    for (const auto& name : names_in_root(setting_, kernel_.disk())) {
      if (!is_ours(name)) fault("I7: " + name + " is in the root");
    }
    std::vector<Sighting> found;
    for (const auto& id : setting_.ids)
      found.push_back(look(id));
    check_list(found);
    for (std::size_t which = 0; which < setting_.ids.size(); ++which) {
      end_life(which, found[which]);
      lead_life(setting_.ids[which]);
    }
    for (const auto& name : names_in_root(setting_, kernel_.disk()))
      fault("I7: " + name + " was left in the root");
    return {std::move(found), std::move(faults_)};
  }

 private:
  void fault(std::string what) { faults_.push_back(std::move(what)); }

  template <class T>
  bool done(std::string_view what, const Result<T>& result) {
    if (!result) fault(std::string(what) + ": " + result.error().message());
    return result.has_value();
  }

  template <class T>
  void refused(std::string_view what, const Result<T>& result, Errc code) {
    if (result) fault(std::string(what) + " should have failed");
    if (!result && result.error().code != code) done(what, result);
  }

  Sighting look(const ContainerId& id) {
    const auto loaded = store_.load(id, Wait::never());
    if (loaded) return Sighting::of(loaded->document);
    if (loaded.error().code == Errc::not_found) return {};
    if (loaded.error().code != Errc::corrupt) done("load", loaded);
    return {.kind = Sighting::Kind::torn};
  }

  void check_list(const std::vector<Sighting>& found) {
    std::vector<ContainerId> expected;
    for (std::size_t which = 0; which < found.size(); ++which) {
      if (found[which].kind != Sighting::Kind::absent) expected.push_back(setting_.ids[which]);
    }
    std::ranges::sort(expected);
    const auto listed = store_.list();
    if (done("list", listed) && *listed != expected) fault("list and load differ");
  }

  /// Removes what was found, of whatever kind it is.
  void end_life(std::size_t which, const Sighting& found) {
    const auto& id = setting_.ids[which];
    auto state = store_.lock(id, Wait::never());
    switch (found.kind) {
      case Sighting::Kind::absent: return refused("lock of what is absent", state, Errc::not_found);
      case Sighting::Kind::torn:
        refused("lock of what is torn", state, Errc::corrupt);
        refused("create over what is torn", create(id), Errc::already_exists);
        remove_by_hand(setting_.state_file(which));
        return;
      case Sighting::Kind::document:
        if (!done("lock", state)) return;
        if (state->current().document.bytes() != found.bytes) fault("lock and load differ");
        done("save", state->save(fresh_));
        if (look(id) != Sighting::of(fresh_)) fault("what was saved is not found");
        done("destroy", std::move(*state).destroy());
    }
  }

  void remove_by_hand(const std::string& path) {
    if (!kernel_.unlinkat(AT_FDCWD, path.c_str())) fault("no " + path + " to remove");
  }

  void lead_life(const ContainerId& id) {
    done("create", create(id));
    refused("create again", create(id), Errc::already_exists);
    const auto keep = [&](const Snapshot&) -> Result<Document> { return fresh_; };
    done("update", store_.update(id, Wait::never(), keep));
    if (look(id) != Sighting::of(fresh_)) fault("what was created is not found");
    auto state = store_.lock(id, Wait::never());
    if (done("lock again", state)) done("destroy again", std::move(*state).destroy());
  }

  Result<> create(const ContainerId& id) { return store_.create(id, Wait::never(), fresh_); }

  const Setting& setting_;
  CrashKernel kernel_;
  Store store_;
  Document fresh_ = document_of_size('r', 20);
  std::vector<std::string> faults_;
};

}  // namespace

std::string Setting::state_file(std::size_t which) const {
  return root + "/" + names::state(ids[which]);
}

Document document_of_size(char fill, std::size_t bytes) {
  const std::string opening = R"({"text":")";
  const std::string closing = R"("})";
  const std::string text(bytes - opening.size() - closing.size(), fill);
  return Document::parse(opening + text + closing).value();
}

std::ostream& operator<<(std::ostream& out, const Sighting& sighting) {
  switch (sighting.kind) {
    case Sighting::Kind::absent: return out << "nothing";
    case Sighting::Kind::torn: return out << "no document";
    case Sighting::Kind::document: break;
  }
  return out << sighting.bytes.substr(0, 16) << "... of " << sighting.bytes.size() << " bytes";
}

std::vector<Sighting> see(const Setting& setting, const Disk& disk) {
  std::vector<Sighting> seen;
  for (std::size_t which = 0; which < setting.ids.size(); ++which) {
    const ino_t inode = disk.find(setting.state_file(which));
    if (inode == Disk::none) {
      seen.emplace_back();
      continue;
    }
    const auto document = Document::parse(disk.content(inode));
    seen.push_back(document ? Sighting::of(*document) : Sighting{.kind = Sighting::Kind::torn});
  }
  return seen;
}

std::set<std::string> names_in_root(const Setting& setting, const Disk& disk) {
  const ino_t root = disk.find(setting.root);
  if (root == Disk::none) return {};
  return disk.names_in(root);
}

Examination examine(const Setting& setting, const Disk& disk) {
  return Recovery(setting, disk).examine();
}

}  // namespace latchfile::test
