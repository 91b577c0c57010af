// SPDX-License-Identifier: Apache-2.0
#include "posix/replace_file.hpp"

#include <cerrno>
#include <fcntl.h>

namespace latchfile {
namespace {

constexpr mode_t new_file_mode = 0640;
/// What a replacement has until it gets the owner of its predecessor.
constexpr mode_t closed_mode = 0600;

mode_t mode_of(const struct stat& file) { return file.st_mode & 0777; }

/// S1.
Sys<UniqueFd> create_temp(const Directory& dir, const std::string& temp_name, mode_t mode) {
  const auto create = [&] {
    return retry_eintr([&] {
      return dir.kernel.openat(dir.fd.get(), temp_name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    });
  };
  auto fd = create();
  if (fd || fd.error().value != EEXIST) return fd;
  const auto removed = dir.kernel.unlinkat(dir.fd.get(), temp_name.c_str());
  if (!removed && removed.error().value != ENOENT) return std::unexpected(removed.error());
  return create();
}

Sys<> write_all(Kernel& kernel, const UniqueFd& fd, std::string_view content) {
  while (!content.empty()) {
    const auto written = retry_eintr([&] { return kernel.write(fd.get(), content); });
    if (!written) return std::unexpected(written.error());
    content.remove_prefix(*written);
  }
  return {};
}

Error put_there_meanwhile(const Directory& dir, const std::string& name, uid_t owner) {
  return {
      Errc::insecure, 0,
      dir.path_of(name) + ", of uid " + std::to_string(owner) +
          ", was put there while the lock was held: nothing was written; see what it is, move it "
          "away or lock it again"};
}

/// A temp file on its way to the name.
struct Replacement {
  const Directory& dir;
  const std::string& name;
  const std::string& temp_name;
  const std::optional<struct stat>& old;
  const char* step;                      ///< the one that failed
  std::optional<FileIdentity> identity;  ///< where strangers write

  Sys<> fill_and_rename(UniqueFd fd, std::string_view content, Sync sync);
  Sys<> keep_attributes(UniqueFd& fd);
};

/// Of the file that is replaced, mode and owner. Most often the temp file was created with both,
/// for the caller is the owner.
Sys<> Replacement::keep_attributes(UniqueFd& fd) {
  auto& kernel = dir.kernel;
  step = "stat";
  auto fresh = kernel.fstat(fd.get(), Times::no);
  if (!fresh) return std::unexpected(fresh.error());
  constexpr auto keeps = "give the mode and owner of the replaced file to";
  if (old && (fresh->st_uid != old->st_uid || fresh->st_gid != old->st_gid)) {
    // Whom the mode lets open this one, while it is of the wrong group, may have done so: what is
    // written goes into another.
    static_cast<void>(fd.close());
    step = "create";
    auto closed = create_temp(dir, temp_name, closed_mode);
    if (!closed) return std::unexpected(closed.error());
    fd = std::move(*closed);
    step = "stat";
    fresh = kernel.fstat(fd.get(), Times::no);
    if (!fresh) return std::unexpected(fresh.error());
    step = keeps;
    auto changed = kernel.fchown(fd.get(), old->st_uid, old->st_gid);
    if (!changed) return changed;
    fresh->st_uid = old->st_uid;
  }
  if (dir.strangers_write) identity = FileIdentity::of(*fresh);
  if (!old || mode_of(*fresh) == mode_of(*old)) return {};
  step = keeps;
  return kernel.fchmod(fd.get(), mode_of(*old));
}

/// S2 to S4.
Sys<> Replacement::fill_and_rename(UniqueFd fd, std::string_view content, Sync sync) {
  if (old || dir.strangers_write) {
    if (auto done = keep_attributes(fd); !done) return done;
  }
  step = "write";  // S2
  if (auto done = write_all(dir.kernel, fd, content); !done) return done;
  if (sync == Sync::yes) {
    step = "fdatasync";  // S3
    if (auto done = dir.kernel.fdatasync(fd.get()); !done) return done;
  }
  step = "close";
  if (auto done = fd.close(); !done) return done;
  step = "rename";  // S4
  return dir.kernel.renameat(dir.fd.get(), temp_name.c_str(), name.c_str());
}

}  // namespace

Result<> replace_file(const Directory& dir, const std::string& name, const std::string& temp_name,
                      std::string_view content, Sync sync, std::optional<FileIdentity>& known) {
  std::optional<struct stat> old;
  const auto found = dir.kernel.fstatat(dir.fd.get(), name.c_str(), AT_SYMLINK_NOFOLLOW, Times::no);
  if (found) {
    if (!S_ISREG(found->st_mode)) return std::unexpected(not_a_file(dir, name));
    if (dir.strangers_write && known != FileIdentity::of(*found)) {
      return std::unexpected(put_there_meanwhile(dir, name, found->st_uid));
    }
    old = *found;
  } else if (found.error().value != ENOENT) {
    return std::unexpected(sys_error("stat", dir, name, found.error()));
  }

  std::optional<NameSync> names;
  if (sync == Sync::yes) {
    auto opened = NameSync::open(dir);
    if (!opened) return std::unexpected(std::move(opened.error()));
    names = std::move(*opened);
  }

  auto fd = create_temp(dir, temp_name, old ? mode_of(*old) : new_file_mode);  // S1
  if (!fd) return std::unexpected(sys_error("create", dir, temp_name, fd.error()));

  Replacement replacement{dir, name, temp_name, old, "", std::nullopt};
  const auto renamed = replacement.fill_and_rename(std::move(*fd), content, sync);
  if (!renamed) {
    auto error = sys_error(replacement.step, dir, temp_name, renamed.error());
    const auto removed = dir.kernel.unlinkat(dir.fd.get(), temp_name.c_str());
    if (!removed && removed.error().value != ENOENT) {
      error.context += " (which was left behind)";
    }
    return std::unexpected(std::move(error));
  }
  known = replacement.identity;

  if (!names) return {};
  const auto synced = names->sync();  // S5
  if (!synced) {
    return std::unexpected(Error{
        Errc::commit_unknown, synced.error().value,
        "replaced " + dir.path_of(name) + ", but a power cut may undo that: fsync " + dir.path});
  }
  return {};
}

}  // namespace latchfile
