// SPDX-License-Identifier: Apache-2.0
#include "local/check.hpp"

#include <algorithm>
#include <fcntl.h>
#include <functional>
#include <span>
#include <tuple>

#include "base/parallel.hpp"
#include "local/holders.hpp"
#include "local/list.hpp"
#include "local/load.hpp"
#include "local/local_lock.hpp"
#include "local/names.hpp"
#include "local/repair.hpp"

namespace latchfile {
namespace {

using Kind = Finding::Kind;

/// How many documents are held at once, and how often the progress is told.
constexpr std::size_t entries_between_tells = 256;
/// As load_all waits for a writer in place.
constexpr Wait settle = Wait::at_most(std::chrono::milliseconds(100));

Kind kind_of(Errc code) {
  switch (code) {
    case Errc::corrupt: return Kind::corrupt;
    case Errc::too_large: return Kind::too_large;
    case Errc::insecure: return Kind::insecure;
    case Errc::locked:
    case Errc::timed_out: return Kind::busy;
    default: return Kind::unreadable;
  }
}

/// A lock without a state, or a temp file, that may be in use.
struct Suspect {
  Finding finding;
  struct stat file;
};

class Examination {
 public:
  Examination(const std::shared_ptr<const Directory>& dir, const LocalOptions& local,
              const CheckOptions& options)
      : dir_(dir), local_(local), options_(options) {}

  Result<CheckReport> run() {
    if (auto read = read_names(); !read) return std::unexpected(std::move(read.error()));
    examine_states();
    find_suspects();
    judge_suspects();
    std::ranges::sort(report_.findings, {}, [](const Finding& finding) {
      return std::tuple(finding.id.text(), finding.kind, std::string_view(finding.name));
    });
    if (options_.repair) repair_all();
    return std::move(report_);
  }

 private:
  Result<> read_names();  // C1
  void examine_states();  // C2
  void examine_mode_of(const ContainerId& id);
  void find_suspects();   // C3
  void judge_suspects();  // C4
  void repair_all();      // C5

  [[nodiscard]] Sys<struct stat> stat_of(const std::string& name, Times times) const {
    return dir_->kernel.fstatat(dir_->fd.get(), name.c_str(), AT_SYMLINK_NOFOLLOW, times);
  }
  void add(Kind kind, std::string name, const ContainerId& id, std::string detail) {
    report_.findings.push_back({std::move(name), id, kind, std::move(detail)});
  }
  void tell(std::size_t done, std::size_t of) const {
    if (options_.progress) options_.progress(done, of);
  }

  const std::shared_ptr<const Directory>& dir_;
  const LocalOptions& local_;
  const CheckOptions& options_;
  std::vector<ContainerId> states_;  ///< sorted
  std::vector<ContainerId> locks_;
  std::vector<ContainerId> temps_;
  std::vector<Suspect> suspects_;
  CheckReport report_;
};

Result<> Examination::read_names() {
  auto names = list_names(*dir_);
  if (!names) return std::unexpected(std::move(names.error()));
  for (auto& name : *names) {
    if (auto id = names::parse(name, names::state_suffix)) {
      states_.push_back(std::move(*id));
    } else if (auto locked = names::parse(name, names::lock_suffix)) {
      locks_.push_back(std::move(*locked));
    } else if (auto saved = names::parse(name, names::temp_suffix)) {
      temps_.push_back(std::move(*saved));
    } else if (auto corrupt = names::parse_quarantine(name)) {
      add(Kind::quarantined, name, *corrupt,
          dir_->path_of(name) +
              " is a state that was corrupt: save what it is worth, and remove it");
    } else {
      ++report_.foreign;
    }
  }
  report_.examined = names->size() - report_.foreign;
  std::ranges::sort(states_);
  return {};
}

void Examination::examine_states() {
  make_in_parallel(
      states_.size(),
      [&](std::size_t i) -> Result<> {
        const auto document = load_document(*dir_, states_[i], settle);
        if (document) return {};
        return std::unexpected(document.error());
      },
      [&](std::size_t i, const Result<>& loaded) {
        const auto& id = states_[i];
        const bool destroyed_meanwhile = !loaded && loaded.error().code == Errc::not_found;
        if (!loaded && !destroyed_meanwhile) {
          add(kind_of(loaded.error().code), names::state(id), id, loaded.error().message());
        }
        if (!destroyed_meanwhile) examine_mode_of(id);
        if ((i + 1) % entries_between_tells == 0) tell(i + 1, report_.examined);
      });
}

void Examination::examine_mode_of(const ContainerId& id) {
  const auto name = names::state(id);
  const auto file = stat_of(name, Times::no);
  if (!file || !S_ISREG(file->st_mode)) return;  // gone, or reported by the load
  if (strangers_may_write(file->st_mode)) {
    add(Kind::writable, name, id,
        dir_->path_of(name) + " may be written by its group or by everyone: chmod go-w");
  } else if (!dir_->strangers_write && file->st_uid != dir_->owner && file->st_uid != 0 &&
             file->st_uid != dir_->kernel.geteuid()) {
    add(Kind::writable, name, id,
        dir_->path_of(name) + " belongs to uid " + std::to_string(file->st_uid) +
            ", who may not write to the root: chown it to the owner of the root, uid " +
            std::to_string(dir_->owner));
  }
}

void Examination::find_suspects() {
  for (const auto& id : locks_) {
    const auto name = names::lock(id);
    const auto file = stat_of(name, Times::yes);
    if (!file) continue;  // released meanwhile
    if (!S_ISREG(file->st_mode)) {
      add(Kind::insecure, name, id, not_a_file(*dir_, name).message());
    } else if (!local_.keep_lock_files && !std::ranges::binary_search(states_, id)) {
      suspects_.push_back(
          {{name, id, Kind::orphan_lock, dir_->path_of(name) + " is a lock without a state"},
           *file});
    }
  }
  for (const auto& id : temps_) {
    const auto name = names::temp(id);
    const auto file = stat_of(name, Times::yes);
    if (!file) continue;  // renamed meanwhile
    suspects_.push_back({{name, id, Kind::leftover_temp,
                          dir_->path_of(name) + " was left by a save that was killed"},
                         *file});
  }
}

void Examination::judge_suspects() {
  tell(states_.size() + locks_.size() + temps_.size(), report_.examined);
  if (suspects_.empty()) return;
  // Where the holders cannot be known all suspects are reported: the repair asks the lock itself.
  const auto holders = list_holders(*dir_);
  for (auto& [finding, before] : suspects_) {
    const auto of_this = [&](const LockHolder& holder) { return holder.id == finding.id; };
    if (holders && std::ranges::any_of(*holders, of_this)) continue;
    const auto now = stat_of(finding.name, Times::yes);
    const bool same = now && now->st_ino == before.st_ino && now->st_dev == before.st_dev &&
                      now->st_ctim.tv_sec == before.st_ctim.tv_sec &&
                      now->st_ctim.tv_nsec == before.st_ctim.tv_nsec;
    if (!same) continue;
    if (finding.kind == Kind::orphan_lock) {
      const auto exists = state_exists(*dir_, finding.id);
      if (exists && *exists) continue;  // created meanwhile
    }
    report_.findings.push_back(std::move(finding));
  }
}

void Examination::repair_all() {
  const auto same_id = [](const Finding& a, const Finding& b) { return a.id == b.id; };
  std::span<Finding> left = report_.findings;
  while (!left.empty()) {
    const auto end = std::ranges::adjacent_find(left, std::not_fn(same_id));
    const auto count =
        end == left.end() ? left.size() : static_cast<std::size_t>(end - left.begin()) + 1;
    repair(dir_, local_, options_.wait, left.first(count));
    left = left.subspan(count);
  }
}

}  // namespace

Result<CheckReport> check_root(const std::shared_ptr<const Directory>& dir,
                               const LocalOptions& local, const CheckOptions& options) {
  return Examination(dir, local, options).run();
}

}  // namespace latchfile
