// SPDX-License-Identifier: Apache-2.0
#include "fault/world.hpp"

#include <algorithm>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "latchfile/local.hpp"
#include "local/local_backend.hpp"
#include "posix/real_kernel.hpp"

namespace latchfile::test {
namespace {

constexpr const char* in_memory = "/dev/shm";

ContainerId id_of(const char* text) { return ContainerId::parse(text).value(); }

}  // namespace

World::World(const Operation& operation)
    : parent_(in_memory), root_(parent_.path() / "root"), kernel_(real_kernel()) {
  operation.set_up(root_);
  store_.emplace(std::make_shared<const LocalBackend>(kernel_, root_.string(), LocalOptions()));
  descriptors_ = open_descriptors();
  action_ = operation.prepare(*store_, root_);
}

Result<> World::act() {
  auto result = action_();
  kernel_.disarm();
  action_ = nullptr;
  return result;
}

std::optional<std::string> World::document() const {
  const auto file = root_ / "web_sandbox:pod1.state";
  if (!std::filesystem::exists(file)) return std::nullopt;
  return read_text(file);
}

void World::check_order(const std::vector<std::string>& excused) {
  check_names(excused);
  check_locks();
  check_that_it_works();
  store_.reset();
  EXPECT_EQ(open_descriptors(), descriptors_) << "a descriptor leaked";
}

void World::check_names(const std::vector<std::string>& excused) const {
  if (!std::filesystem::exists(root_)) return;
  std::vector<std::string> expected;
  if (std::filesystem::exists(root_ / "db.state")) {
    EXPECT_EQ(read_text(root_ / "db.state"), bystander_text);
    expected = {"db.lock", "db.state"};
  }
  if (document()) {
    expected.insert(expected.end(), {"web_sandbox:pod1.lock", "web_sandbox:pod1.state"});
  }
  for (const auto& name : names_in(root_)) {
    const bool is_excused = std::ranges::any_of(
        excused, [&](const std::string& suffix) { return name.ends_with(suffix); });
    const bool is_leftover =
        name.ends_with(".state.tmp") && read_text(root_ / name) == leftover_text;
    EXPECT_TRUE(is_excused || is_leftover || std::ranges::count(expected, name) == 1)
        << name << " was left";
  }
}

void World::check_locks() const {
  if (!std::filesystem::exists(root_)) return;
  for (const auto& name : names_in(root_)) {
    if (!name.ends_with(".lock")) continue;
    const int fd = open((root_ / name).c_str(), O_RDONLY | O_CLOEXEC);
    EXPECT_EQ(flock(fd, LOCK_EX | LOCK_NB), 0) << name << " is still locked";
    close(fd);
  }
}

void World::check_that_it_works() const {
  const auto id = id_of(subject);
  // What is no document cannot be locked, and it is not for the store to remove it.
  if (document() == "") std::filesystem::remove(root_ / "web_sandbox:pod1.state");
  if (document()) {
    auto state = store_->lock(id, Wait::never());
    ASSERT_TRUE(state) << state.error().message();
    EXPECT_TRUE(state->save(Document::parse(R"({"n":2})").value()));
    EXPECT_TRUE(std::move(*state).destroy());
  }
  EXPECT_TRUE(store_->create(id, Wait::never(), Document::parse(R"({"n":3})").value()));
  const auto found = store_->load(id);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->document.bytes(), R"({"n":3})");
  for (const auto& name : names_in(root_)) {
    EXPECT_FALSE(name.ends_with(".tmp")) << name << " was left for ever";
  }
}

}  // namespace latchfile::test
