// SPDX-License-Identifier: Apache-2.0
//
// Disk: a file system as the processes see it, and with it all that a power cut may leave of it.
//
// The rules are the weakest that POSIX allows and that some file system makes use of:
//
//   Files        After a power cut a file has one of the sizes that it had since it was last
//   synced.
//                Each sector of it is, whatever the others are, as it was at one of those times;
//                one that was not there at one of them may be zeros.
//   Directories  Each name leads, whatever the others do, to what it led to at one moment since the
//                directory was last synced. A rename is two such changes: half of it may land, so
//                that both names lead to the file, or neither. No name is ever half changed, and
//                one that is renamed over leads to the old file or to the new one.
//   Sync         Of a file: its bytes and its size, not its name. Of a directory: its names, not
//                what they lead to. Nothing else makes anything durable, and time does not pass.
//   Failed sync  What was to be written may have landed or not, and a later sync that succeeds says
//                nothing about it: the kernel may have dropped it. A name that is changed again is
//                written again.
//
// Not modelled: permissions and owners, which are durable at once, although fdatasync need not
// write them; links; names that differ in case; media that rot.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/types.h>
#include <vector>

namespace latchfile::test {

/// What one name of a directory leads to. Of `targets` the first is on the disk and the last is
/// what processes see.
struct Name {
  std::vector<ino_t> targets;
  bool lost = false;  ///< a sync of it failed

  [[nodiscard]] auto operator<=>(const Name&) const = default;
};

struct Inode {
  mode_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  nlink_t links = 0;
  long writes = 0;                           ///< what stands for the time of the last one
  bool lost = false;                         ///< a sync of the contents failed
  std::vector<std::string> contents = {""};  ///< of a file; the first and last as of a name
  std::map<std::string, Name, std::less<>> names = {};  ///< of a directory

  [[nodiscard]] bool is_directory() const { return S_ISDIR(mode); }
  [[nodiscard]] auto operator<=>(const Inode&) const = default;
};

class Disk {
 public:
  static constexpr std::size_t sector_bytes = 512;
  static constexpr ino_t none = 0;  ///< what a free name leads to
  static constexpr ino_t root = 1;

  /// An empty directory.
  Disk();

  // As processes see it.
  [[nodiscard]] const Inode& operator[](ino_t inode) const { return inodes_[inode - 1]; }
  /// What `name` in the directory leads to, none if it is free.
  [[nodiscard]] ino_t find(ino_t directory, std::string_view name) const;
  /// The same for an absolute path.
  [[nodiscard]] ino_t find(std::string_view path) const;
  [[nodiscard]] std::set<std::string> names_in(ino_t directory) const;
  [[nodiscard]] const std::string& content(ino_t file) const {
    return (*this)[file].contents.back();
  }

  // Changes, which a power cut may undo.
  /// A file or directory that has no name yet.
  [[nodiscard]] ino_t make(mode_t mode, uid_t uid = 0, gid_t gid = 0);
  /// Makes `name` lead to `target`, from now on and for processes.
  void point(ino_t directory, const std::string& name, ino_t target);
  void rewrite(ino_t file, std::string content);

  void set_mode(ino_t inode, mode_t mode) { at(inode).mode = mode; }
  void set_owner(ino_t inode, uid_t uid, gid_t gid);

  /// What power cuts cannot undo from now on.
  void sync(ino_t inode);
  void fail_sync(ino_t inode);
  void sync_all();

  /// Calls `visit` with every disk that a power cut may leave just now: the whole product, with
  /// nothing pending. Inodes are numbered anew, so that disks with the same files are equal.
  void for_each_power_cut(const std::function<void(const Disk&)>& visit) const;

  [[nodiscard]] auto operator<=>(const Disk&) const = default;

 private:
  [[nodiscard]] Inode& at(ino_t inode) { return inodes_[inode - 1]; }

  std::vector<Inode> inodes_;  ///< none is ever removed: a power cut may bring its name back
};

}  // namespace latchfile::test
