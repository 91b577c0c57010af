// SPDX-License-Identifier: Apache-2.0
//
// The local backend under the contract: a root directory and a kernel whose last steps can fail.
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <memory>

#include <gtest/gtest.h>

#include "support/passing_kernel.hpp"
#include "contract/store_fixture.hpp"
#include "local/local_backend.hpp"
#include "local/names.hpp"
#include "support/temp_dir.hpp"

namespace latchfile::test {
namespace {

class FailingKernel final : public PassingKernel {
 public:
  Sys<> renameat(int dir, const char* from, const char* to) override {
    if (fault == StoreFixture::Fault::before_commit) return std::unexpected(Errno{EIO});
    return PassingKernel::renameat(dir, from, to);
  }
  Sys<> fsync(int fd) override {
    if (fault == StoreFixture::Fault::after_commit) return std::unexpected(Errno{EIO});
    return PassingKernel::fsync(fd);
  }

  std::atomic<StoreFixture::Fault> fault = StoreFixture::Fault::none;
};

class LocalFixture final : public StoreFixture {
 public:
  Store open() override {
    return Store(std::make_shared<const LocalBackend>(kernel_, root_, LocalOptions{}));
  }

  void set_fault(Fault fault) override { kernel_.fault = fault; }

  void plant(const ContainerId& id, std::string_view bytes) override {
    write_text(path_of(id), bytes);
  }

  bool plant_untrusted(const ContainerId& id) override {
    write_text(dir_ / "elsewhere", "{}");
    std::filesystem::create_symlink(dir_ / "elsewhere", path_of(id));
    return true;
  }

  std::vector<std::string> inventory() const override {
    if (!std::filesystem::exists(root_)) return {};
    return names_in(root_);
  }

 private:
  std::string path_of(const ContainerId& id) const {
    std::filesystem::create_directories(root_);
    return root_ + "/" + names::state(id);
  }

  TempDir dir_;
  std::string root_ = dir_ / "root";
  FailingKernel kernel_;
};

[[maybe_unused]] const bool plugged_in =
    plug_in({"local", [] { return std::make_unique<LocalFixture>(); }});

}  // namespace
}  // namespace latchfile::test
