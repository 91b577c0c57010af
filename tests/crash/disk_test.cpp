// SPDX-License-Identifier: Apache-2.0
//
// How many disks a power cut may leave, counted by hand from the rules in disk.hpp.
#include "crash/disk.hpp"

#include <gtest/gtest.h>
#include <set>

namespace latchfile::test {
namespace {

std::set<Disk> power_cuts(const Disk& disk) {
  std::set<Disk> left;
  disk.for_each_power_cut([&](const Disk& after) { left.insert(after); });
  return left;
}

ino_t add_file(Disk& disk, const std::string& name, std::string content) {
  const ino_t file = disk.make(S_IFREG | 0600);
  disk.point(Disk::root, name, file);
  disk.rewrite(file, std::move(content));
  return file;
}

/// What `name` holds on each disk that may be left; "(free)" where it leads nowhere.
std::set<std::string> contents_left(const Disk& disk, std::string_view name) {
  std::set<std::string> contents;
  for (const auto& after : power_cuts(disk)) {
    const ino_t file = after.find(Disk::root, name);
    contents.insert(file == Disk::none ? "(free)" : after.content(file));
  }
  return contents;
}

TEST(DiskTest, SyncOfAFileMakesItsBytesDurableButNotItsName) {
  Disk disk;
  disk.sync(add_file(disk, "a", "bytes"));
  EXPECT_EQ(contents_left(disk, "a"), (std::set<std::string>{"(free)", "bytes"}));
}

TEST(DiskTest, SyncOfADirectoryMakesItsNamesDurableButNotTheirBytes) {
  Disk disk;
  add_file(disk, "a", "bytes");
  disk.sync(Disk::root);
  const std::string zeros(5, '\0');
  EXPECT_EQ(contents_left(disk, "a"), (std::set<std::string>{"", zeros, "bytes"}));
}

TEST(DiskTest, SectorsLandOnTheirOwn) {
  Disk disk;
  const std::string three_sectors = std::string(512, 'x') + std::string(512, 'y') + "z";
  add_file(disk, "a", three_sectors);
  // Absent; empty; or each sector there or zeros.
  EXPECT_EQ(power_cuts(disk).size(), 1U + 1U + 8U);
  disk.sync(Disk::root);
  EXPECT_EQ(power_cuts(disk).size(), 1U + 8U);
  EXPECT_TRUE(
      contents_left(disk, "a").contains(std::string(512, '\0') + three_sectors.substr(512)));
}

TEST(DiskTest, AnOverwrittenFileMayBeAMixtureOfAllThatItWas) {
  Disk disk;
  const ino_t file = add_file(disk, "a", std::string(1024, 'x'));
  disk.sync_all();
  disk.rewrite(file, std::string(1024, 'y'));
  EXPECT_EQ(power_cuts(disk).size(), 4U);
  EXPECT_TRUE(contents_left(disk, "a").contains(std::string(512, 'x') + std::string(512, 'y')));
}

TEST(DiskTest, HalfARenameMayLand) {
  Disk disk;
  const ino_t state = add_file(disk, "state", "old");
  const ino_t temp = add_file(disk, "temp", "new");
  disk.sync_all();
  ASSERT_EQ(power_cuts(disk).size(), 1U);
  disk.point(Disk::root, "state", temp);
  disk.point(Disk::root, "temp", Disk::none);
  EXPECT_EQ(disk[state].links, 0U);
  EXPECT_EQ(power_cuts(disk).size(), 4U);
  EXPECT_EQ(contents_left(disk, "state"), (std::set<std::string>{"old", "new"}));
  EXPECT_EQ(contents_left(disk, "temp"), (std::set<std::string>{"(free)", "new"}));
  for (const auto& after : power_cuts(disk)) {
    const ino_t left = after.find(Disk::root, "state");
    const bool both = after.find(Disk::root, "temp") == left;
    EXPECT_EQ(after[left].links, both ? 2U : 1U);
  }
}

TEST(DiskTest, NamesLandInAnyOrder) {
  Disk disk;
  for (const auto* name : {"a", "b", "c"})
    disk.sync(add_file(disk, name, name));
  disk.point(Disk::root, "b", Disk::none);
  EXPECT_EQ(power_cuts(disk).size(), 8U);
}

TEST(DiskTest, ADirectoryIsLostWithItsNameWhateverWasSyncedInIt) {
  Disk disk;
  const ino_t directory = disk.make(S_IFDIR | 0711);
  disk.point(Disk::root, "d", directory);
  const ino_t file = disk.make(S_IFREG | 0600);
  disk.point(directory, "a", file);
  disk.rewrite(file, "bytes");
  disk.sync(file);
  disk.sync(directory);
  EXPECT_EQ(power_cuts(disk).size(), 2U);
  disk.sync(Disk::root);
  ASSERT_EQ(power_cuts(disk).size(), 1U);
  const auto left = *power_cuts(disk).begin();
  EXPECT_EQ(left.content(left.find("/d/a")), "bytes");
}

TEST(DiskTest, AFailedSyncIsNotMadeGoodByOneThatSucceeds) {
  Disk disk;
  const ino_t file = add_file(disk, "a", "bytes");
  disk.fail_sync(file);
  disk.fail_sync(Disk::root);
  const auto left = power_cuts(disk);
  EXPECT_EQ(left.size(), 4U);
  disk.sync(file);
  disk.sync(Disk::root);
  EXPECT_EQ(power_cuts(disk), left);
  // The name is, once it is changed again.
  disk.point(Disk::root, "a", Disk::none);
  disk.sync(Disk::root);
  EXPECT_EQ(power_cuts(disk), std::set<Disk>{Disk()});
}

TEST(DiskTest, DisksWithTheSameFilesAreEqualHoweverTheyCameAbout) {
  Disk once;
  add_file(once, "a", "bytes");
  once.sync_all();
  Disk twice;
  add_file(twice, "a", "other");
  twice.point(Disk::root, "a", Disk::none);
  add_file(twice, "a", "bytes");
  twice.sync_all();
  EXPECT_NE(once, twice);
  EXPECT_EQ(power_cuts(once), power_cuts(twice));
}

}  // namespace
}  // namespace latchfile::test
