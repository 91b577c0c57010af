// SPDX-License-Identifier: Apache-2.0
//
// A program of somebody else: it creates a container, loads, saves and destroys it, and says at
// which step it failed.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

#include <latchfile/local.hpp>
#if __has_include(<latchfile/oci.hpp>)
#include <latchfile/oci.hpp>
#endif
#include <latchfile/store.hpp>
#include <latchfile/version.hpp>
#include <latchfile/watch.hpp>

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
  auto watch = store->watch();
  if (!watch || watch->descriptor() < 0) return "watch";
  const auto events = watch->next(Wait::never());
  if (!events || events->front().kind != Event::Kind::present) return "follow";
  auto state = store->lock(*id, Wait::never());
  if (!state) return "lock";
  if (!state->save(*second) || store->load(*id)->document != *second) return "save";
  if (!std::move(*state).destroy()) return "destroy";
  const auto gone = store->load(*id);
  if (gone || to_string(gone.error().code) != "not_found") return "load after destroy";
  return nullptr;
}

#if __has_include(<latchfile/oci.hpp>)
/// The life of an OCI container whose process is this one.
const char* failed_oci_step(const std::string& root) {
  const auto store = open_local(root);
  const auto id = ContainerId::parse("oci");
  const auto process = oci::Process::of(getpid());
  const auto first = oci::State::creating({.id = "oci", .bundle = "/b"});
  if (!store || !id || !process || !first) return "make an OCI state";
  if (!store->create(*id, Wait::never(), first->document())) return "create an OCI state";
  const auto created = oci::update(*store, *id, Wait::never(),
                                   [&](const oci::State& now) { return now.to_created(*process); });
  if (!created) return "update an OCI state";
  if (!oci::update(*store, *id, Wait::never(), &oci::State::to_running)) return "run";
  const auto settled = oci::settle(*store, *id, Wait::never());
  if (!settled || oci::to_string(oci::effective_status(*settled)) != "running") return "settle";
  const auto is_running = [](const oci::Seen& now) -> Result<bool> {
    return now.status == "running";
  };
  if (!oci::wait_for(*store, *id, Wait::never(), is_running)) return "wait";
  if (process->liveness().verdict != oci::Liveness::Verdict::alive) return "look at a process";
  return nullptr;
}
#else
const char* failed_oci_step(const std::string&) { return nullptr; }
#endif

}  // namespace

int main() {
  auto pattern = (std::filesystem::temp_directory_path() / "latchfile-consumer-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return 2;
  const auto* step = failed_step(pattern + "/root");
  if (step == nullptr) step = failed_oci_step(pattern + "/root");
  std::filesystem::remove_all(pattern);
  if (step == nullptr) return 0;
  std::printf("latchfile %s: failed at %s\n", LATCHFILE_VERSION, step);
  return 1;
}
