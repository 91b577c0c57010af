// SPDX-License-Identifier: Apache-2.0
//
// LockedState::save and Store::load of one container of 6 KB in a directory of 10,000 or 1,000,000
// other entries, beside the same in a directory of 10: on tmpfs, and on ext4 on a loop device over
// a file, where a save has full durability.
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <memory>
#include <unistd.h>

#include "peer.hpp"
#include "powercut/disk.hpp"
#include "support/container_document.hpp"
#include "support/pair.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::bench {
namespace {

using test::Disk;

constexpr int few = 10;
/// ext4 allows 65,000 links to a file.
constexpr int links_of_a_file = 50'000;
/// From 512 MiB on mkfs.ext4 makes blocks of 4 KiB, as disks have them. The index of a directory
/// has no room for 1,000,000 names in blocks of 1 KiB.
constexpr std::uintmax_t disk_bytes = std::uintmax_t{1} << 30;

/// Makes `count` states in `directory`: links to a few files, which are made much sooner than
/// files and take as much room in the directory.
void fill_with_others(const std::string& directory, int count) {
  std::string first;
  for (int i = 0; i < count; ++i) {
    const auto name = directory + "/other" + std::to_string(i) + ".state";
    if (i % links_of_a_file == 0) {
      first = name;
      test::write_text(first, "{}");
    } else {
      require(link(first.c_str(), name.c_str()) == 0, "link");
    }
  }
  // So that the disk has nothing left to do of it once the time is taken.
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  require(syncfs(fd) == 0, "syncfs");
  close(fd);
}

/// The container in a directory of `others` other entries.
class Crowd {
 public:
  Crowd(const std::string& directory, int others, Durability durability)
      : store_(test::or_throw(open_local(directory, {.durability = durability}))),
        guard_(test::or_throw(
            test::or_throw(store_.lock_for_new(id_, Wait::never())).create(document_))) {
    fill_with_others(directory, others);
  }

  void save() { require(guard_.save(document_).has_value(), "save"); }
  void load() { require(store_.load(id_).has_value(), "load"); }

 private:
  const ContainerId id_ = test::id_of("web");
  const Document document_ = container_document(id_);
  const Store store_;
  LockedState guard_;
};

/// The directories of one file system, each made when it is first asked for.
class Place {
 public:
  Place(std::string path, Durability durability)
      : path_(std::move(path)), durability_(durability) {}

  [[nodiscard]] Crowd& crowd(int others) {
    auto& crowd = crowds_[others];
    if (!crowd) {
      const auto directory = path_ + "/" + std::to_string(others);
      require(std::filesystem::create_directory(directory), "create_directory");
      crowd = std::make_unique<Crowd>(directory, others, durability_);
    }
    return *crowd;
  }

 private:
  std::string path_;
  Durability durability_;
  std::map<int, std::unique_ptr<Crowd>> crowds_;
};

Place& memory() {
  static const test::TempDir directory(memory_file_system);
  static Place place(directory.path(), Durability::unsafe_on_power_cut);
  return place;
}

Place& disk() {
  static Disk disk(Disk::Type::ext4, disk_bytes);
  static Place place = [] {
    disk.mount();
    return Place(disk.path(), Durability::full);
  }();
  return place;
}

struct Work {
  void (Crowd::*call)();
  int calls;
  int rounds;
  Time time;
};

constexpr Work load = {.call = &Crowd::load, .calls = 200, .rounds = 20, .time = Time::cpu};
constexpr Work save = {.call = &Crowd::save, .calls = 200, .rounds = 20, .time = Time::cpu};
/// The disk's time is most of it.
constexpr Work durable_save = {.call = &Crowd::save, .calls = 10, .rounds = 10, .time = Time::wall};

Side in(Crowd& crowd, const Work& work) {
  return {[&] {
            for (int i = 0; i < work.calls; ++i)
              (crowd.*work.call)();
          },
          work.calls};
}

void measure(benchmark::State& state, Place& place, const Work& work, int others) {
  const auto ours = in(place.crowd(others), work);
  const auto other = in(place.crowd(few), work);
  for (auto _ : state)
    measure_pair(state, ours, other, work.rounds, work.time, cost_at_most(1.3));
}

void in_memory(benchmark::State& state, const Work& work, int others) {
  measure(state, memory(), work, others);
}

void on_disk(benchmark::State& state, const Work& work, int others) {
  static const auto reason = Disk::why_not(Disk::Type::ext4);
  if (!reason.empty()) {
    state.SkipWithError(reason.c_str());
    return;
  }
  measure(state, disk(), work, others);
}

template <class Function>
void add(const std::string& name, Function function, const Work& work) {
  for (const int others : {10'000, 1'000'000}) {
    benchmark::RegisterBenchmark((name + "_" + std::to_string(others)).c_str(), function, work,
                                 others)
        ->Apply(as_pair);
  }
}

const bool added = [] {
  add("growth_tmpfs_save", in_memory, save);
  add("growth_tmpfs_load", in_memory, load);
  add("growth_ext4_save", on_disk, durable_save);
  add("growth_ext4_load", on_disk, load);
  return true;
}();

}  // namespace
}  // namespace latchfile::bench
