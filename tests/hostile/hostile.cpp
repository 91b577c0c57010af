// SPDX-License-Identifier: Apache-2.0
#include "hostile/hostile.hpp"

#include <fcntl.h>
#include <filesystem>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;
constexpr uid_t attacker = 65534;

/// What whoever calls this can read in a file; empty if nothing.
std::string readable_text(const std::string& path) {
  constexpr std::size_t enough = 4096;
  std::string text(enough, '\0');
  const int fd = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const auto got = fd < 0 ? 0 : read(fd, text.data(), text.size());
  if (fd >= 0) close(fd);
  text.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return text;
}

std::string attributes(const std::string& path) {
  struct stat found{};
  if (lstat(path.c_str(), &found) != 0) return path + " is gone";
  return path + " mode " + std::to_string(found.st_mode) + " owner " +
         std::to_string(found.st_uid) + ":" + std::to_string(found.st_gid) + " modified " +
         std::to_string(found.st_mtim.tv_sec) + "." + std::to_string(found.st_mtim.tv_nsec);
}

}  // namespace

bool become_attacker() {
  return setgroups(0, nullptr) == 0 && setresgid(attacker, attacker, attacker) == 0 &&
         setresuid(attacker, attacker, attacker) == 0;
}

bool as_attacker(const std::function<bool()>& body) {
  return Child([&] { return become_attacker() && body() ? 0 : 1; }).wait() == 0;
}

std::string to_string(Writable writable) {
  return writable == Writable::sticky ? "sticky" : "insecure";
}

void Hostile::SetUp() {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  fs::permissions(dir.path(), fs::perms(0711));
  fs::create_directory(vault);
  fs::permissions(vault, fs::perms(0700));
  write_text(secret, R"({"id":"web","note":"outside-the-root"})");
  fs::permissions(secret, fs::perms(0600));
  outside_before_ = outside();
}

void Hostile::make_root(Writable writable) const {
  fs::remove_all(root);
  fs::create_directory(root);
  fs::permissions(root, fs::perms(writable == Writable::sticky ? 01777 : 0733));
}

Outcome Hostile::latchfile_on(Writable writable, std::vector<std::string> arguments,
                              std::string_view input) const {
  arguments.insert(arguments.begin(), "--unsafe-on-power-cut");
  if (writable == Writable::insecure) arguments.insert(arguments.begin(), "--allow-insecure-root");
  return latchfile(arguments, input);
}

Store Hostile::store_on(Writable writable) const {
  return open_local(root, {.durability = Durability::unsafe_on_power_cut,
                           .allow_insecure_root = writable == Writable::insecure})
      .value();
}

std::string Hostile::outside() const {
  // Not the times of the vault itself: there the test makes links on the attacker's behalf.
  auto all = read_text(secret) + "\n" + attributes(secret);
  for (const auto& name : names_in(vault))
    all += "\n" + name;
  return all;
}

void Hostile::expect_outside_untouched() const { EXPECT_EQ(outside(), outside_before_); }

void Hostile::expect_attacker_learns_nothing() const {
  const auto names = names_in(root);
  EXPECT_TRUE(as_attacker([&] {
    for (const auto& name : names) {
      const auto text = readable_text(path_of(name));
      if (text.find(secret_word) != text.npos || text.find(private_word) != text.npos) return false;
    }
    return true;
  })) << "the attacker can read what is root's";
}

}  // namespace latchfile::test
