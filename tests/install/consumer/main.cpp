// SPDX-License-Identifier: Apache-2.0
//
// A program of somebody else: it creates a container, loads, saves and destroys it, and says at
// which step it failed.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <latchfile/local.hpp>
#include <latchfile/store.hpp>
#include <latchfile/version.hpp>

namespace {

using namespace latchfile;

const char* failed_step(const std::string& root) {
  const auto store = open_local(root);
  if (!store) return "open";
  const auto id = ContainerId::parse("pod1/web");
  auto first = Document::parse(R"({"status":"created"})");
  auto second = Document::parse(R"({"status":"running"})");
  if (!id || !first || !second) return "parse";

  if (!store->create(*id, Wait::never(), *first)) return "create";
  const auto found = store->load(*id);
  if (!found || found->document != *first) return "load";
  auto state = store->lock(*id, Wait::never());
  if (!state) return "lock";
  if (!state->save(*second) || store->load(*id)->document != *second) return "save";
  if (!std::move(*state).destroy()) return "destroy";
  const auto gone = store->load(*id);
  if (gone || to_string(gone.error().code) != "not_found") return "load after destroy";
  return nullptr;
}

}  // namespace

int main() {
  auto pattern = (std::filesystem::temp_directory_path() / "latchfile-consumer-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return 2;
  const auto* const step = failed_step(pattern + "/root");
  std::filesystem::remove_all(pattern);
  if (step == nullptr) return 0;
  std::printf("latchfile %s: failed at %s\n", LATCHFILE_VERSION, step);
  return 1;
}
