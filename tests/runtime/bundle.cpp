// SPDX-License-Identifier: Apache-2.0
#include "runtime/bundle.hpp"

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

Bundle::Bundle(std::string runtime, const std::vector<std::string>& hook_options,
               const std::vector<std::string>& program_arguments)
    : runtime_(std::move(runtime)) {
  for (const std::string needed : {"proc", "dev"})
    fs::create_directories(dir_ / ("bundle/rootfs/" + needed));
  fs::copy_file(CONTAINER_PROGRAM, dir_ / "bundle/rootfs/program");
  std::vector<std::string> print = {"hook", "--print-config", "--log", dir_ / "complaints"};
  print.insert(print.end(), hook_options.begin(), hook_options.end());
  const auto hooks = latchfile(print);
  if (hooks.exit_code != 0) throw std::runtime_error("--print-config: " + hooks.err);
  write_text(dir_ / "bundle/config.json",
             config_of(json::parse(hooks.out), program_arguments).dump(1));
}

Bundle::~Bundle() {
  const auto state = fs::path(dir_ / "runtime");
  if (!fs::exists(state)) return;
  for (const auto& id : names_in(state))
    static_cast<void>(this->runtime({"delete", "--force", id}));
}

std::vector<std::string> Bundle::command(const std::vector<std::string>& arguments) const {
  // crun wants cgroup v2 alone at /sys/fs/cgroup, and gets it in a mount namespace of its own. The
  // container inherits the streams, and would keep a pipe to us open.
  static const std::string script =
      "if [ \"$1\" = crun ] && [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then\n"
      "  exec unshare -m sh -c 'umount -R -l /sys/fs/cgroup && mount -t cgroup2 none "
      "/sys/fs/cgroup && exec \"$@\"' sh \"$@\"\n"
      "fi\n"
      "exec \"$@\"";
  std::vector<std::string> all = {"sh", "-c", script, "sh", runtime_, "--root", dir_ / "runtime"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

int Bundle::runtime(const std::vector<std::string>& arguments) const {
  auto all = command(arguments);
  all[2] = "exec </dev/null >>log 2>&1\n" + all[2];
  return run(all, {.working_directory = dir_.path().string()}).exit_code;
}

int Bundle::create(const std::string& id) const {
  return runtime({"create", "--bundle", dir_ / "bundle", id});
}

json Bundle::state(const std::string& id) const {
  const auto printed = run(command({"state", id}));
  return printed.exit_code == 0 ? json::parse(printed.out) : json();
}

Outcome Bundle::latchfile(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = {LATCHFILE_BINARY, "--root", records()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return run(all);
}

json Bundle::record(const std::string& id) const {
  const auto printed = latchfile({"state", id});
  return printed.exit_code == 0 ? json::parse(printed.out) : json();
}

std::string Bundle::listed(const std::string& id) const {
  const auto containers = json::parse(latchfile({"list", "-f", "json"}).out);
  for (const auto& container : containers) {
    if (container["id"] == id) return container["status"];
  }
  return {};
}

std::string Bundle::log() const {
  return fs::exists(dir_ / "log") ? read_text(dir_ / "log") : std::string();
}

std::string Bundle::complaints() const {
  return fs::exists(dir_ / "complaints") ? read_text(dir_ / "complaints") : std::string();
}

}  // namespace latchfile::test
