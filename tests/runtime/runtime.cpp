// SPDX-License-Identifier: Apache-2.0
#include "runtime/runtime.hpp"

#include <filesystem>
#include <stdexcept>

namespace latchfile::test {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

json config_of(const json& hooks, const std::vector<std::string>& program_arguments) {
  std::vector<std::string> arguments = {"/program"};
  arguments.insert(arguments.end(), program_arguments.begin(), program_arguments.end());
  json namespaces = json::array();
  for (const auto* const type : {"pid", "mount", "ipc", "uts"})
    namespaces.push_back({{"type", type}});
  return {{"ociVersion", "1.0.2"},
          {"process",
           {{"user", {{"uid", 0}, {"gid", 0}}},
            {"args", arguments},
            {"env", {"PATH=/"}},
            {"cwd", "/"}}},
          {"root", {{"path", "rootfs"}}},
          {"mounts", {{{"destination", "/proc"}, {"type", "proc"}, {"source", "proc"}}}},
          {"linux", {{"namespaces", namespaces}}},
          {"hooks", hooks}};
}

}  // namespace

Runtime::Runtime(std::string name, const std::vector<std::string>& hook_options,
                 const std::vector<std::string>& program_arguments)
    : name_(std::move(name)) {
  std::vector<std::string> print = {"hook", "--print-config", "--log", dir_ / "complaints"};
  print.insert(print.end(), hook_options.begin(), hook_options.end());
  const auto hooks = latchfile(print);
  if (hooks.exit_code != 0) throw std::runtime_error("--print-config: " + hooks.err);
  config_ = config_of(json::parse(hooks.out), program_arguments);
}

Runtime::~Runtime() {
  if (!fs::exists(state_dir())) return;
  for (const auto& id : names_in(state_dir()))
    static_cast<void>(call({"delete", "--force", id}));
}

std::vector<std::string> Runtime::command(const std::vector<std::string>& arguments) const {
  // crun wants cgroup v2 alone at /sys/fs/cgroup, and gets it in a mount namespace of its own. The
  // container inherits the streams, and would keep a pipe to us open.
  static const std::string script =
      "if [ \"$1\" = crun ] && [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then\n"
      "  exec unshare -m sh -c 'umount -R -l /sys/fs/cgroup && mount -t cgroup2 none "
      "/sys/fs/cgroup && exec \"$@\"' sh \"$@\"\n"
      "fi\n"
      "exec \"$@\"";
  std::vector<std::string> all = {"sh", "-c", script, "sh", name_, "--root", state_dir()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

int Runtime::call(const std::vector<std::string>& arguments) const {
  auto all = command(arguments);
  all[2] = "exec </dev/null >>log 2>&1\n" + all[2];
  return run(all, {.working_directory = dir_.path().string()}).exit_code;
}

int Runtime::create(const std::string& id) const {
  const fs::path bundle = bundle_of(id);
  for (const auto* const needed : {"proc", "dev"})
    fs::create_directories(bundle / "rootfs" / needed);
  fs::copy_file(CONTAINER_PROGRAM, bundle / "rootfs/program", fs::copy_options::skip_existing);
  write_text(bundle / "config.json", config_.dump(1));
  return call({"create", "--bundle", bundle, id});
}

json Runtime::state(const std::string& id) const {
  const auto printed = run(command({"state", id}));
  return printed.exit_code == 0 ? json::parse(printed.out) : json();
}

Outcome Runtime::latchfile(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = {LATCHFILE_BINARY, "--root", records()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run(all);
}

json Runtime::record(const std::string& id) const {
  const auto printed = latchfile({"state", id});
  return printed.exit_code == 0 ? json::parse(printed.out) : json();
}

std::string Runtime::listed(const std::string& id) const {
  const auto containers = json::parse(latchfile({"list", "-f", "json"}).out);
  for (const auto& container : containers) {
    if (container["id"] == id) return container["status"];
  }
  return {};
}

std::string Runtime::log() const {
  return fs::exists(dir_ / "log") ? read_text(dir_ / "log") : std::string();
}

std::string Runtime::complaints() const {
  return fs::exists(dir_ / "complaints") ? read_text(dir_ / "complaints") : std::string();
}

}  // namespace latchfile::test
