// SPDX-License-Identifier: Apache-2.0
//
// A root directory with anything at all in it: the input says which names, what stands at each and
// who holds a lock; then all of it is listed, loaded, locked, resolved, changed, destroyed and
// repaired.
//
// Nothing blocks, every entry fails for itself and with a code that the header names, what is not
// ours is left alone, and a file outside of the root that links lead to is neither read nor
// changed.
#include <array>
#include <fcntl.h>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/choices.hpp"
#include "fuzz/require.hpp"
#include "fuzz/targets.hpp"
#include "latchfile/check.hpp"
#include "latchfile/local.hpp"
#include "local/names.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_entries = 12;
constexpr std::string_view secret = R"({"secret":1})";

/// The directory `root`, and beside it what nobody may reach from there.
struct World {
  World() {
    fs::create_directory(root);
    fs::permissions(root, fs::perms(0711));
    fs::create_directory(outside);
    test::write_text(outside + "/secret.state", secret);
  }

  void check_outside() const {
    require(test::names_in(temp.path()) == Names{"outside", "root"}, "nothing is made outside");
    require(test::names_in(outside) == Names{"secret.state"}, "nothing is made outside");
    require(test::read_text(outside + "/secret.state") == secret, "nothing is written outside");
  }

  using Names = std::vector<std::string>;
  test::TempDir temp;
  std::string root = temp / "root";
  std::string outside = temp / "outside";
};

/// A file name: most of the time one of ours, of few ids so that they meet; else any bytes.
std::string choose_name(Choices& choices) {
  constexpr std::array ids = {"a", "ab", "web", "pod1", "-", "..", "+"};
  constexpr std::array suffixes = {".state", ".lock", ".state.tmp", ".corrupt-1", ".state.state"};
  const auto form = choices.below(4);
  if (form == 3) {
    std::string name(choices.text());
    for (auto& c : name)
      if (c == '/' || c == '\0') c = ':';
    return name;
  }
  std::string name = ids[choices.below(ids.size())];
  if (form == 2) name.append("_sandbox:").append(ids[choices.below(ids.size())]);
  return name + suffixes[choices.below(suffixes.size())];
}

void make_sparse(const std::string& path, off_t bytes) {
  test::write_text(path, "{");
  // Where the file system has no such sizes the file stays as it is.
  static_cast<void>(truncate(path.c_str(), bytes) == 0);
}

/// Puts something at `path`. What cannot be made, because the name is no name or taken, is not.
void make_entry(Choices& choices, const World& world, const std::string& path) {
  std::error_code ignored;
  if (fs::exists(fs::symlink_status(path, ignored))) return;
  switch (choices.below(12)) {
    case 0: fs::create_symlink(world.outside + "/secret.state", path, ignored); break;
    case 1: fs::create_symlink("../outside/new", path, ignored); break;
    case 2: fs::create_symlink(world.outside, path, ignored); break;
    case 3: fs::create_symlink(fs::path(path).filename(), path, ignored); break;
    case 4: static_cast<void>(mkfifo(path.c_str(), 0666) == 0); break;
    case 5: fs::create_directory(path, ignored); break;
    case 6: static_cast<void>(mknod(path.c_str(), S_IFSOCK | 0600, 0) == 0); break;
    case 7: make_sparse(path, off_t{1} << 40); break;
    case 8: fs::create_hard_link(world.root + "/a.state", path, ignored); break;
    case 9: test::write_text(path, R"({"pid":1})"); break;
    default: test::write_text(path, choices.text());
  }
}

void fill(Choices& choices, const World& world) {
  for (std::size_t i = 0; i < most_entries && choices.left(); ++i) {
    const auto name = choose_name(choices);
    if (name.empty() || name == "." || name == ".." || name.size() > 255) continue;
    make_entry(choices, world, world.root + "/" + name);
  }
}

/// A lock that another program holds on one lock file, if that is a file.
class ForeignLock {
 public:
  explicit ForeignLock(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) {
    if (fd_ >= 0) static_cast<void>(flock(fd_, LOCK_EX | LOCK_NB) == 0);
  }
  ForeignLock(const ForeignLock&) = delete;
  ForeignLock& operator=(const ForeignLock&) = delete;
  ~ForeignLock() {
    if (fd_ >= 0) close(fd_);
  }

 private:
  int fd_;
};

/// What store.hpp says of an entry that cannot be read or locked.
bool is_of_one_entry(Errc code) {
  constexpr std::array codes = {Errc::not_found, Errc::corrupt, Errc::too_large,
                                Errc::insecure,  Errc::locked,  Errc::timed_out};
  return std::ranges::find(codes, code) != codes.end();
}

void check_loaded(const Result<Snapshot>& loaded) {
  if (!loaded) {
    require(is_of_one_entry(loaded.error().code), loaded.error().message());
    return;
  }
  require(loaded->document.bytes() != secret, "no link out of the root is followed");
}

void read_all(const Store& store, const std::vector<ContainerId>& ids) {
  for (const auto& id : ids)
    check_loaded(store.load(id, Wait::never()));
  const auto entries = store.load_all();
  require(entries.has_value(), "load_all works whatever the entries are");
  require(entries->size() == ids.size(), "load_all tells of every entry");
  for (const auto& entry : *entries)
    check_loaded(entry.state);

  const auto holders = store.locks();
  require(holders.has_value(), "locks works whatever the entries are");
  for (const auto& id : ids) {
    const auto exact = store.resolve(id.text());
    require(exact && *exact == id, "an exact id means itself");
    const auto text = id.container().substr(0, 1);
    const auto resolved = store.resolve(text);
    const bool plain = resolved || resolved.error().code == Errc::invalid_argument ||
                       resolved.error().code == Errc::not_found;
    require(plain, "a beginning means one, none or several");
  }
}

/// Saves, creates and destroys what can be; says what was there before in `ours`.
void change_all(const Store& store, const std::vector<ContainerId>& ids) {
  const auto document = Document::parse(R"({"new":2})").value();
  for (const auto& id : ids) {
    auto state = store.lock(id, Wait::never());
    if (!state) {
      require(is_of_one_entry(state.error().code), state.error().message());
      const auto created = store.create(id, Wait::never(), document);
      require(!created, "what stands at the name of a state is not created over");
      continue;
    }
    check_loaded(state->current());
    if (const auto saved = state->save(document)) {
      require(store.load(id, Wait::never())->document == document, "what was saved is loaded");
    }
    require(store.lock(id, Wait::never()).error().code == Errc::deadlock,
            "a lock is not taken twice");
    if (std::move(*state).destroy()) {
      require(store.load(id).error().code == Errc::not_found, "what was destroyed is gone");
    }
  }
}

bool is_ours(std::string_view name) {
  return names::parse(name, names::state_suffix) || names::parse(name, names::lock_suffix) ||
         names::parse(name, names::temp_suffix) || names::parse_quarantine(name);
}

std::set<std::string> foreign_names(const std::string& root) {
  std::set<std::string> foreign;
  for (auto& name : test::names_in(root))
    if (!is_ours(name)) foreign.insert(std::move(name));
  return foreign;
}

}  // namespace

void root(std::string_view input) {
  const World world;
  Choices choices(input);
  const bool keep_lock_files = choices.below(2) == 1;
  const std::string locked = choices.below(2) == 1 ? "/a.lock" : "/web_sandbox:pod1.lock";
  fill(choices, world);
  const auto store = open_local(world.root, {.keep_lock_files = keep_lock_files}).value();

  const auto names_before = test::names_in(world.root);
  const auto foreign_before = foreign_names(world.root);
  std::vector<ContainerId> ids;
  {
    const ForeignLock lock(world.root + locked);
    const auto listed = store.list();
    require(listed.has_value(), "list works whatever the entries are");
    ids = *listed;
    require(std::ranges::is_sorted(ids), "list is sorted");
    read_all(store, ids);
    require(store.check({}).has_value(), "a check works whatever the entries are");
    require(test::names_in(world.root) == names_before, "reading leaves nothing behind");
  }
  change_all(store, ids);
  const auto repaired = store.check({.repair = true, .wait = Wait::never()});
  require(repaired.has_value(), "a repair works whatever the entries are");
  require(foreign_names(world.root) == foreign_before, "what is not ours is left alone");
  world.check_outside();
}

}  // namespace latchfile::fuzz
