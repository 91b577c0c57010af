// SPDX-License-Identifier: Apache-2.0
#include "fault/operations.hpp"

#include <fcntl.h>
#include <memory>
#include <stdexcept>
#include <sys/file.h>
#include <unistd.h>

#include "latchfile/local.hpp"
#include "latchfile/watch.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;

const ContainerId& subject_id() {
  static const auto id = ContainerId::parse(subject).value();
  return id;
}

Document new_document() { return Document::parse(new_text).value(); }

void create(const fs::path& root, const char* id, const char* text) {
  open_local(root)
      .value()
      .create(ContainerId::parse(id).value(), Wait::never(), Document::parse(text).value())
      .value();
}

void no_root(const fs::path&) {}

void bystander_only(const fs::path& root) { create(root, bystander, bystander_text); }

/// As root the state belongs to somebody else, so that a save has to give it back to him.
void both(const fs::path& root) {
  bystander_only(root);
  create(root, subject, old_text);
  constexpr uid_t nobody = 65534;
  const auto state = root / "web_sandbox:pod1.state";
  if (geteuid() == 0 && chown(state.c_str(), nobody, nobody) != 0) {
    throw std::runtime_error("chown");
  }
}

/// The caller is the owner, and the umask cuts the mode of the temp file.
void ours(const fs::path& root) {
  bystander_only(root);
  create(root, subject, old_text);
  fs::permissions(root / "web_sandbox:pod1.state", fs::perms(0666));
}

void leftover_temp_file(const fs::path& root) {
  both(root);
  write_text(root / "web_sandbox:pod1.state.tmp", leftover_text);
}

/// As a create or a destroy leaves it that is killed.
void leftover_lock_file(const fs::path& root) {
  bystander_only(root);
  write_text(root / "web_sandbox:pod1.lock", "");
}

/// As a writer leaves it that truncates in place and is stopped before it writes.
void torn(const fs::path& root) {
  both(root);
  write_text(root / "web_sandbox:pod1.state", "");
}

/// The lock of the subject, held by somebody who does not use this library.
class ForeignLock {
 public:
  explicit ForeignLock(const fs::path& root)
      : fd_(open((root / "web_sandbox:pod1.lock").c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0 || flock(fd_, LOCK_EX | LOCK_NB) != 0) throw std::runtime_error("flock");
  }
  ForeignLock(const ForeignLock&) = delete;
  ForeignLock& operator=(const ForeignLock&) = delete;
  ~ForeignLock() { close(fd_); }

 private:
  int fd_;
};

template <class T>
Result<> without_value(const Result<T>& result) {
  if (!result) return std::unexpected(result.error());
  return {};
}

Action create_it(const Store& store, const fs::path&) {
  return [&] { return store.create(subject_id(), Wait::never(), new_document()); };
}

Action save_it(const Store& store, const fs::path&) {
  auto state = std::make_shared<LockedState>(store.lock(subject_id(), Wait::never()).value());
  return [state] { return state->save(new_document()); };
}

Action destroy_it(const Store& store, const fs::path&) {
  auto state = std::make_shared<LockedState>(store.lock(subject_id(), Wait::never()).value());
  return [state] { return std::move(*state).destroy(); };
}

Action update_it(const Store& store, const fs::path&) {
  return [&] {
    return without_value(
        store.update(subject_id(), Wait::never(), [](const Snapshot&) { return new_document(); }));
  };
}

Action load_it(const Store& store, const fs::path&) {
  return [&] { return without_value(store.load(subject_id(), Wait::never())); };
}

Action list_it(const Store& store, const fs::path&) {
  return [&] { return without_value(store.list()); };
}

Action load_all(const Store& store, const fs::path&) {
  return [&]() -> Result<> {
    const auto entries = store.load_all();
    if (!entries) return std::unexpected(entries.error());
    for (const auto& entry : *entries) {
      if (!entry.state) return std::unexpected(entry.state.error());
    }
    return {};
  };
}

/// Follows the store until everything has been told and nothing more comes.
Action watch_it(const Store& store, const fs::path&) {
  return [&]() -> Result<> {
    auto watch = store.watch();
    if (!watch) return std::unexpected(watch.error());
    for (;;) {
      const auto events = watch->next(Wait::at_most(std::chrono::microseconds(100)));
      if (!events) return std::unexpected(events.error());
      if (events->empty()) return {};
      for (const auto& event : *events) {
        if (event.state && !*event.state) return std::unexpected(event.state->error());
      }
    }
  };
}

Action lock_it(const Store& store, const fs::path&) {
  return [&] { return without_value(store.lock(subject_id(), Wait::never())); };
}

Action lock_for_new(const Store& store, const fs::path&) {
  return [&] { return without_value(store.lock_for_new(subject_id(), Wait::never())); };
}

Action find_it_locked(const Store& store, const fs::path& root) {
  return [&store, other = std::make_shared<ForeignLock>(root)] {
    return without_value(store.lock(subject_id(), Wait::never()));
  };
}

Action wait_in_vain(const Store& store, const fs::path& root) {
  return [&store, other = std::make_shared<ForeignLock>(root)] {
    const auto wait = Wait::at_most(std::chrono::microseconds(100));
    return without_value(store.lock(subject_id(), wait));
  };
}

}  // namespace

const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = {
      {"CreateInNewRoot", no_root, create_it, {}, new_text, {}, 300},
      {"Create", bystander_only, create_it, {}, new_text, {}, 230},
      {"CreateWhatExists", both, create_it, old_text, old_text, Errc::already_exists, 100},
      {"Save", both, save_it, old_text, new_text, {}, 140},
      {"SaveOfOurs", ours, save_it, old_text, new_text, {}, 120},
      {"SaveOverLeftover", leftover_temp_file, save_it, old_text, new_text, {}, 150},
      {"Destroy", both, destroy_it, old_text, {}, {}, 60},
      {"Update", both, update_it, old_text, new_text, {}, 280},
      {"Load", both, load_it, old_text, old_text, {}, 70},
      {"LoadTorn", torn, load_it, "", "", Errc::corrupt, 150},
      {"List", both, list_it, old_text, old_text, {}, 60},
      {"LoadAll", both, load_all, old_text, old_text, {}, 140},
      {"Watch", both, watch_it, old_text, old_text, {}, 250},
      {"Lock", both, lock_it, old_text, old_text, {}, 130},
      {"LockForNew", bystander_only, lock_for_new, {}, {}, {}, 100},
      {"LockForNewOverLeftover", leftover_lock_file, lock_for_new, {}, {}, {}, 100},
      {"LockWhatIsLocked", both, find_it_locked, old_text, old_text, Errc::locked, 120},
      {"WaitInVain", both, wait_in_vain, old_text, old_text, Errc::timed_out, 120},
  };
  return all;
}

std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  return out << operation.name;
}

}  // namespace latchfile::test
